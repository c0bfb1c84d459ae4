"""The set-up of the paho client. Connections are in test_connection, TLS in tests/integration/test_tls."""

from __future__ import annotations

from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from fer_edge.config.broker import Broker
from fer_edge.errors import UsageError
from fer_edge.mqtt.paho_client import PAHO_LOG, ConnectionSettings, make_client, release
from fer_edge.mqtt.timeouts import Timeouts

BROKER = Broker("broker.lan", 1883, "anna")


@pytest.mark.parametrize("version", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311])
def test_the_client_has_login_last_will_and_limits(version: MQTTProtocolVersion) -> None:
    settings = ConnectionSettings(BROKER, "secret", "fer-edge-cam", "fer/cam/status", Timeouts(connect=3.0))
    client = make_client(settings, version, 7)
    assert client.protocol == version
    assert (client.username, client.password) == ("anna", "secret")
    assert (client.will_topic, client.will_payload) == ("fer/cam/status", b"offline")
    assert (client.connect_timeout, client.max_inflight_messages) == (3.0, 7)
    assert client.suppress_exceptions


def test_without_a_will_topic_there_is_no_last_will() -> None:
    assert not make_client(ConnectionSettings(BROKER, None, "x"), MQTTProtocolVersion.MQTTv5, 7).will_topic


def test_websockets_are_used_for_their_scheme() -> None:
    settings = ConnectionSettings(Broker("broker.lan", 80, scheme="ws", path="/mqtt"), None, "x")
    assert make_client(settings, MQTTProtocolVersion.MQTTv5, 7).transport == "websockets"


def test_a_certificate_that_has_become_unreadable_is_reported(tmp_path: Path) -> None:
    broker = Broker("broker.lan", 8883, scheme="mqtts", ca=tmp_path / "gone.pem")
    with pytest.raises(UsageError, match=r"gone\.pem"):
        make_client(ConnectionSettings(broker, None, "x"), MQTTProtocolVersion.MQTTv5, 7)


def test_a_released_client_holds_no_callback() -> None:
    client = make_client(ConnectionSettings(BROKER, None, "x"), MQTTProtocolVersion.MQTTv5, 7)
    client.on_message = lambda *_: None
    release(client)
    assert client.on_message is None


def test_paho_logs_only_exceptions_in_callbacks(caplog: pytest.LogCaptureFixture) -> None:
    PAHO_LOG.error("Caught exception in %s: %s", "on_message", "x")
    PAHO_LOG.error("failed to receive on socket: %s", "x")
    assert [record.getMessage() for record in caplog.records] == ["Caught exception in on_message: x"]
