from __future__ import annotations

import re

import pytest

from fer_edge.config import Broker, default_device, parse_broker, parse_device
from fer_edge.errors import UsageError


@pytest.mark.parametrize(
    ("text", "broker"),
    [
        ("none", None),
        ("mqtt://127.0.0.1", Broker("127.0.0.1", 1883)),
        ("mqtt://broker.lan:8883/", Broker("broker.lan", 8883)),
        ("mqtt://anna@broker", Broker("broker", 1883, "anna")),
        ("mqtt://[::1]:1884", Broker("::1", 1884)),
    ],
)
def test_an_address_is_read(text: str, broker: Broker | None) -> None:
    assert parse_broker(text) == broker


@pytest.mark.parametrize(
    "text", ["", "localhost", "http://x", "mqtt://", "mqtt://h/topic", "mqtt://h:0x5b", "mqtt://h:99999"]
)
def test_a_wrong_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"--mqtt {text}")):
        parse_broker(text)


def test_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError, match="FER_EDGE_MQTT_PASSWORD") as refusal:
        parse_broker("mqtt://anna:hunter2@broker")
    assert "hunter2" not in str(refusal.value)
    with pytest.raises(UsageError) as refusal:
        parse_broker("mqtt://anna:hunter2@broker:port")
    assert "hunter2" not in str(refusal.value)


def test_a_device_is_named_in_letters_that_topics_allow() -> None:
    assert parse_device("front-door_2") == "front-door_2"
    assert parse_device(default_device())
    for text in ("", "a/b", "a b", "+", "#", "é", "a\n"):
        with pytest.raises(UsageError, match="--device"):
            parse_device(text)
