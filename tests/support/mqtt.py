"""Publishers of a device `cam`, other clients at their broker, and what becomes of their messages."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.mosquitto import Mosquitto, read_messages

from fer_edge.backoff import Backoff
from fer_edge.config.broker import Broker
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.publisher import Publisher
from fer_edge.mqtt.timeouts import Timeouts

FAST_BACKOFF = Backoff(0.1, 0.4)
SHORT_KEEPALIVE = Timeouts(keepalive=1)  # a frozen broker is noticed within two seconds


@contextmanager
def connected_publisher(
    port: int,
    outbox: Outbox | None = None,
    login: tuple[str, str] | None = None,
    *,
    scheme: str = "mqtt",
    timeouts: Timeouts | None = None,
    backoff: Backoff = FAST_BACKOFF,
) -> Iterator[Publisher]:
    """A publisher that has started to connect to a broker on the loopback interface; `login` is user and password."""
    user, password = login or (None, None)
    broker = Broker("127.0.0.1", port, user, scheme, "/mqtt" if scheme == "ws" else "")
    with Publisher(
        broker, password, "cam", Outbox() if outbox is None else outbox, timeouts=timeouts, backoff=backoff
    ) as publisher:
        yield publisher


def filled_outbox(*payloads: str) -> Outbox:
    """An outbox in memory with these events."""
    outbox = Outbox()
    for payload in payloads:
        outbox.put(payload)
    return outbox


def received_events(file: Path) -> list[str]:
    """The events among the messages that a subscriber has received."""
    return [payload for topic, payload in read_messages(file) if topic == "fer/cam/event"]


def count_warnings(caplog: pytest.LogCaptureFixture, text: str) -> int:
    """How many warnings and errors with this text have been logged."""
    return sum(text in record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING)


def password_file(folder: Path, user: str, password: str) -> Path:
    """A password file for Mosquitto with one user."""
    path = folder / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(path), user, password], check=True)
    return path


def publish(broker: Mosquitto, topic: str, payload: str = "", *flags: str) -> None:
    """Publish one message at QoS 1 as another client; `flags` are those of mosquitto_pub, such as -r (retain)."""
    arguments = ["-h", "127.0.0.1", "-p", str(broker.port), "-q", "1", "-t", topic, "-m", payload, *flags]
    subprocess.run(["mosquitto_pub", *arguments], check=True, timeout=10)


def publish_lines(broker: Mosquitto, topic: str, *payloads: str) -> None:
    """Publish one message for each payload over one connection, in order, at QoS 1."""
    arguments = ["-h", "127.0.0.1", "-p", str(broker.port), "-q", "1", "-t", topic, "-l"]
    lines = "".join(f"{payload}\n" for payload in payloads)
    subprocess.run(["mosquitto_pub", *arguments], input=lines, text=True, check=True, timeout=10)
