"""Taking a device away from the broker, and so from Home Assistant, when it is no more."""

from __future__ import annotations

import time

from fer_edge.config.broker import Broker
from fer_edge.errors import FerError
from fer_edge.mqtt.client import Client
from fer_edge.mqtt.connection import Connection, ConnectionSettings
from fer_edge.mqtt.homeassistant import discovery_topic

RETAINED = ("info", "state", "status")  # what a device leaves at the broker under `fer/DEVICE/`
TIMEOUT = 12.0  # seconds for the network and for the broker's answers
POLL_INTERVAL = 0.1  # seconds between two looks when nothing calls


class ForgetError(FerError):
    """The broker knows the device still, or may soon know it again."""


def forget(broker: Broker, password: str | None, device: str, prefix: str | None, *, timeout: float = TIMEOUT) -> None:
    """Take away all that `broker` retains of `device`, and wait until that is done. prefix: discovery's, if any.

    Raises ForgetError when the broker is not there within `patience` seconds, when it refuses, and, although all is
    taken away, when the device was online: its daemon would say `offline` at its end.
    """
    topics = [f"fer/{device}/{name}" for name in RETAINED]
    if prefix:
        topics.insert(0, discovery_topic(prefix, device))  # before the states, whose end is not for its entities
    statuses: list[bytes] = []
    unanswered: set[int] = set()

    def greet(link: Connection) -> None:
        link.subscribe(f"fer/{device}/status")
        unanswered.clear()  # what an earlier connection asked for is asked for again
        unanswered.update(link.publish(topic, "", retain=True) for topic in topics)

    login = ConnectionSettings(broker, password, f"fer-edge-forget-{device}", None)
    connection = Client(login, greet, lambda message: statuses.append(bytes(message.payload)))
    try:
        _await_answers(connection, unanswered, timeout)
    finally:
        connection.close()
    if b"online" in statuses:
        raise ForgetError(f"{device} was online: if its daemon still runs, stop it and --forget once more")


def _await_answers(connection: Client, unanswered: set[int], timeout: float) -> None:
    """Wait until the broker is there and has answered each of these messages, by their ids."""
    deadline = time.monotonic() + timeout
    while not connection.link or unanswered:
        if time.monotonic() > deadline:
            raise ForgetError(f"broker {connection.problem}; it may still know the device")
        connection.changed.wait(POLL_INTERVAL)
        connection.changed.clear()
        link = connection.link
        for answer in link.answers() if link else ():
            if answer.refusal:
                raise ForgetError(f"the broker refuses {answer.request}: {answer.refusal}")
            unanswered.discard(answer.mid)
