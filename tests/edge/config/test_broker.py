"""The broker: its address, its password and its certificates."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from fer_edge.config.broker import Broker, make_broker, parse_broker, read_password
from fer_edge.errors import UsageError


@pytest.mark.parametrize(
    ("text", "broker"),
    [
        ("none", None),
        ("mqtt://127.0.0.1", Broker("127.0.0.1", 1883)),
        ("mqtt://broker.lan:8883/", Broker("broker.lan", 8883)),
        ("mqtt://anna@broker", Broker("broker", 1883, "anna")),
        ("mqtt://anna%40home@broker", Broker("broker", 1883, "anna@home")),
        ("mqtt://[::1]:1884", Broker("::1", 1884)),
        ("mqtts://broker", Broker("broker", 8883, scheme="mqtts")),
        ("ws://broker", Broker("broker", 80, scheme="ws", path="/mqtt")),
        ("wss://broker:9001/here/it/is", Broker("broker", 9001, scheme="wss", path="/here/it/is")),
    ],
)
def test_an_address_is_parsed(text: str, broker: Broker | None) -> None:
    assert parse_broker(text) == broker


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "http://x",
        "mqtt://",
        "mqtt://h/topic",
        "mqtts://h/topic",
        "mqtt://h:99999",
    ],
)
def test_a_wrong_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"{text}: ")):
        parse_broker(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mqtt://anna:hunter2@broker", "put it into FER_EDGE_MQTT_PASSWORD"),
        ("mqtt://anna:hunter2@broker:port", "[:port]"),
        ("mqtt://anna:hunter/2@broker", "%2F"),
        ("mqtt://anna:hunter2", "mqtt://***: expected"),
        ("mqtt:/anna:hunter2@broker", "mqtt:/***@broker: expected"),
        ("anna:hunter2@broker:1883", "***@broker:1883: expected"),
        ("ws://h/mqtt?token=hunter2", "ws://h/mqtt?***: expected"),
        ("mqtt://h#hunter2", "mqtt://h#***: expected"),
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(text: str, expected: str) -> None:
    with pytest.raises(UsageError, match=re.escape(expected)) as refusal:
        parse_broker(text)
    assert "hunter" not in str(refusal.value)


def test_an_address_is_shown_without_its_user() -> None:
    assert str(parse_broker("mqtt://anna@[::1]")) == "mqtt://[::1]:1883"
    assert str(parse_broker("ws://broker/mqtt/key=hunter2")) == "ws://broker:80/mqtt/***"
    assert str(parse_broker("wss://broker/x")) == "wss://broker:443/x"


def test_the_password_is_read_from_the_file_that_the_broker_names(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the file\n")
    environment = {"FER_EDGE_MQTT_PASSWORD": "in the environment"}
    assert read_password(Broker("h", 1883, "anna", password_file=tmp_path / "file"), environment) == "in the file"
    assert read_password(Broker("h", 1883, "anna"), environment) == "in the environment"
    assert read_password(Broker("h", 1883, "anna"), {}) is None


@pytest.mark.parametrize(
    ("url", "files", "expected"),
    [
        ("mqtt://h", {"ca": "text"}, "needs TLS, and mqtt://h:1883 has none: use mqtts:// or wss://"),
        ("mqtt://h", {"certificate": "text"}, "needs TLS, and mqtt://h:1883 has none: use mqtts:// or wss://"),
        ("mqtts://h", {"ca": "none"}, "none: no such file"),
        ("mqtts://h", {"ca": "text"}, "text: no certificate or crl found; expected certificates in PEM"),
        ("mqtts://h", {"ca": "fifo"}, "fifo: not a regular file"),
        ("mqtts://h", {"certificate": "none"}, "none: no such file"),
        ("mqtts://h", {"certificate": "text", "key": "fifo"}, "not a regular file; expected a certificate and its key"),
        ("mqtts://h", {"certificate": "text"}, "text: .*; expected a certificate and its key in PEM"),
        ("mqtts://h", {"key": "text"}, "needs a certificate: add --mqtt-cert or mqtt.certificate"),
        ("mqtt://h", {"password_file": "text"}, "needs a user, and mqtt://h:1883 has none: use mqtt://USER@h"),
    ],
)
def test_an_unusable_file_is_an_error_of_its_setting(
    tmp_path: Path, url: str, files: dict[str, str], expected: str
) -> None:
    (tmp_path / "text").write_text("no PEM")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(UsageError, match=expected) as refusal:
        make_broker(parse_broker(url), **{kind: tmp_path / name for kind, name in files.items()})
    assert refusal.value.setting == f"mqtt.{next(iter(files))}"


def test_without_a_broker_its_files_are_not_read(tmp_path: Path) -> None:
    assert make_broker(None, ca=tmp_path / "none") is None
