"""One exchange with the broker: answered, refused, unanswered, or sent again after a reconnection."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.mqtt import FAST_BACKOFF
from tests.support.network import free_port
from tests.support.scripted_broker import scripted_broker
from tests.support.waiting import wait_until

from fer_edge.config.broker import Broker
from fer_edge.mqtt.exchange import BrokerExchange, ExchangeError, Message, NoAnswerError
from fer_edge.mqtt.paho_client import ConnectionSettings


def settings(port: int) -> ConnectionSettings:
    return ConnectionSettings(Broker("127.0.0.1", port), None, "asker", backoff=FAST_BACKOFF)


def test_messages_are_published_in_order_and_the_version_is_returned(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe("#")
    exchange = BrokerExchange([Message("a", "1"), Message("b", "2", retain=True)])
    assert exchange.run(settings(mosquitto.port), 10) == "5"
    assert exchange.acknowledged
    wait_until(lambda: read_messages(file) == [("a", "1"), ("b", "2")])
    late = mosquitto.subscribe("#")
    wait_until(lambda: read_messages(late) == [("b", "2")])


def test_it_waits_for_the_answers_that_are_asked_for(mosquitto: Mosquitto) -> None:
    payloads: list[bytes] = []
    exchange = BrokerExchange([Message("x", "hello")], ["x"], lambda message: payloads.append(bytes(message.payload)))
    exchange.run(settings(mosquitto.port), 10, answered=lambda: bool(payloads))
    assert payloads == [b"hello"]


def test_answers_that_do_not_arrive_are_an_error_of_their_own(mosquitto: Mosquitto) -> None:
    with pytest.raises(NoAnswerError, match=f"{mosquitto.url}: no answer"):
        BrokerExchange([Message("x")]).run(settings(mosquitto.port), 0.5, answered=lambda: False)


def test_a_refused_message_is_an_error_with_a_cure(mosquitto: Mosquitto, tmp_path: Path) -> None:
    mosquitto.stop()
    rules = tmp_path / "acl"
    rules.write_text("topic write allowed\n")
    mosquitto.start(f"allow_anonymous true\nacl_file {rules}")
    with pytest.raises(ExchangeError, match="refuses messages to x: Not authorized") as refused:
        BrokerExchange([Message("allowed"), Message("x")]).run(settings(mosquitto.port), 10)
    assert refused.value.cure == "check the broker's access list"


def test_a_refused_subscription_is_an_error() -> None:
    with (
        scripted_broker(lambda topic, payload: 0x87 if topic == "secret" else 0) as port,
        pytest.raises(ExchangeError, match="refuses the subscription of secret: Not authorized"),
    ):
        BrokerExchange([Message("x")], ["secret"]).run(settings(port), 10, answered=lambda: False)


def test_an_unreachable_broker_is_tried_until_the_timeout_or_only_once() -> None:
    for retry, timeout in ((True, 1.0), (False, 60.0)):
        start = time.monotonic()
        with pytest.raises(ExchangeError, match="connection refused") as refused:
            BrokerExchange([Message("x")]).run(settings(free_port()), timeout, retry=retry)
        assert refused.value.cure
        assert (time.monotonic() - start >= timeout) == retry


def test_everything_is_sent_again_after_a_reconnection(mosquitto: Mosquitto) -> None:
    payloads: list[bytes] = []
    restarted = False

    def answered() -> bool:
        nonlocal restarted
        if payloads and not restarted:
            restarted = True
            mosquitto.stop()
            mosquitto.start()
        return len(payloads) == 2

    exchange = BrokerExchange([Message("x", "hello")], ["x"], lambda message: payloads.append(bytes(message.payload)))
    exchange.run(settings(mosquitto.port), 20, answered=answered)
    assert payloads == [b"hello", b"hello"]


def test_no_thread_is_left(mosquitto: Mosquitto) -> None:
    before = threading.active_count()
    BrokerExchange([Message("x")]).run(settings(mosquitto.port), 10)
    wait_until(lambda: threading.active_count() <= before)
