"""The check of a broker. The ways in which one refuses are in tests/edge/diagnostics/test_broker."""

from __future__ import annotations

import pytest
from tests.demo import embedded_broker
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.network import free_port
from tests.support.waiting import wait_until

from fer_edge.config.broker import Broker
from fer_edge.mqtt.check import check_connection
from fer_edge.mqtt.exchange import ExchangeError


def test_it_publishes_an_empty_message_that_is_not_retained(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe("#")
    assert check_connection(Broker("127.0.0.1", mosquitto.port), None, "cam") == "5"
    wait_until(lambda: read_messages(file) == [("fer/cam/check", "(null)")])  # as mosquitto_sub writes an empty payload
    late = mosquitto.subscribe("#")
    assert read_messages(late) == []


def test_it_returns_the_version_of_an_older_broker() -> None:
    port = free_port()
    with embedded_broker(port):
        assert check_connection(Broker("127.0.0.1", port), None, "cam") == "3.1.1"


def test_an_unreachable_broker_is_not_waited_for() -> None:
    with pytest.raises(ExchangeError, match="connection refused: start the broker"):
        check_connection(Broker("127.0.0.1", free_port()), None, "cam", timeout=60)
