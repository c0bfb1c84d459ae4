"""What this device says to the world, and what it hears."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho

from fer_edge.config.broker import Broker
from fer_edge.events import encode
from fer_edge.mqtt.client import Client
from fer_edge.mqtt.connection import KEEPALIVE, Connection, ConnectionSettings
from fer_edge.mqtt.delivery import Delivery
from fer_edge.mqtt.outbox import Outbox

Handler = Callable[[str, bytes, bool], None]  # topic, payload, whether it was retained at the broker


@dataclass
class Retained:
    """A message that the broker keeps for those who come later. expiry: seconds. sent: when, on our clock."""

    text: str
    expiry: int | None
    sent: float | None = None


class Publisher:
    """Keeps what is retained true at the broker, delivers the events, and hands on what is sent to the device.

    On every connection, in this order: the subscriptions, `online`, what is retained in the order in which it was first
    given, the events. Handlers are called in the client's thread and must be quick.
    """

    def __init__(
        self, broker: Broker, password: str | None, device: str, outbox: Outbox, *, keepalive: int = KEEPALIVE
    ) -> None:
        """Start to connect. The client id is `fer-edge-DEVICE`, so that two of one name are noticed."""
        self._topic = f"fer/{device}"
        self._retained: dict[str, Retained] = {}
        self._handlers: dict[str, Handler] = {}
        self._lock = threading.RLock()  # a state that changes while we connect must not be overtaken by the old one
        login = ConnectionSettings(broker, password, f"fer-edge-{device}", f"{self._topic}/status", keepalive)
        self._outbox = outbox
        self._connection = Client(login, self._greet, self._hear)
        self._delivery = Delivery(outbox, f"{self._topic}/event", self._connection)

    def put(self, payload: str) -> None:
        """Add an event to the outbox, to be sent to `event`. Raises DeliveryError when that has failed for good."""
        self._delivery.put(payload)

    def check(self) -> None:
        """Raise DeliveryError when delivery has failed for good, be there events or not."""
        self._delivery.check()

    def retain(self, name: str, payload: dict[str, Any], expiry: int | None = None) -> None:
        """Keep a retained message at `fer/DEVICE/NAME`: see retain_at."""
        self.retain_at(f"{self._topic}/{name}", encode(payload), expiry)

    def retain_at(self, topic: str, text: str, expiry: int | None = None) -> None:
        """Keep a retained message at `topic`, now and after each reconnection; an empty one takes it away.

        `expiry`: seconds after which the broker forgets it (MQTT 5). Called again and again, as it may be, this sends
        the message anew when it is another one, or half of its time is over.
        """
        with self._lock:
            known = self._retained.get(topic)
            if not known or known.text != text:
                known = self._retained[topic] = Retained(text, expiry)
            link = self._connection.link
            if link and _is_due(known):
                _send_retained(link, topic, known)

    def renew(self, topic: str) -> None:
        """Send what is retained at `topic` again, for somebody who may have forgotten it."""
        with self._lock:
            link, known = self._connection.link, self._retained.get(topic)
            if link and known:
                _send_retained(link, topic, known)

    def send(self, name: str, payload: dict[str, Any]) -> bool:
        """Publish a message at `fer/DEVICE/NAME` that is not retained. Returns False, and it is gone, while offline."""
        link = self._connection.link
        if link:
            link.publish(f"{self._topic}/{name}", encode(payload))
        return bool(link)

    def subscribe(self, pattern: str, handler: Handler) -> None:
        """Have `handler` called with each message whose topic matches, now and after each reconnection."""
        with self._lock:
            self._handlers[pattern] = handler
            if link := self._connection.link:
                link.subscribe(pattern)

    def flush(self, timeout: float) -> bool:
        """Wait until the broker is there and has every event, `patience` seconds at most; tell whether it came so."""
        return self._delivery.flush(timeout)

    def close(self) -> None:
        """Say `offline`, wait until it has arrived, and disconnect. What was not delivered stays in the outbox."""
        self._delivery.close()
        self._connection.close()

    @property
    def topic(self) -> str:
        """What the topics of this device begin with: `fer/DEVICE`."""
        return self._topic

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""
        return self._connection.link is not None

    @property
    def problem(self) -> str:
        """Why the broker cannot be reached."""
        return self._connection.problem

    @property
    def counts(self) -> dict[str, int]:
        """Events: `queue` waiting, `lost` because the outbox was full or damaged, `refused` by the broker."""
        return {"queue": len(self._outbox), "lost": self._outbox.lost, "refused": self._delivery.refused}

    def _greet(self, link: Connection) -> None:
        with self._lock:
            for pattern in self._handlers:
                link.subscribe(pattern)
            link.publish(f"{self._topic}/status", "online", retain=True)
            for topic, message in self._retained.items():
                _send_retained(link, topic, message)
            link.ready = True  # while the lock is held, or what is retained now would be sent by nobody

    def _hear(self, message: paho.MQTTMessage) -> None:
        for pattern, handler in list(self._handlers.items()):
            if paho.topic_matches_sub(pattern, message.topic):
                handler(message.topic, bytes(message.payload), message.retain)


def _is_due(message: Retained) -> bool:
    if message.sent is None:
        return True
    return message.expiry is not None and time.monotonic() - message.sent >= message.expiry / 2


def _send_retained(link: Connection, topic: str, message: Retained) -> None:
    link.publish(topic, message.text, retain=True, expiry=message.expiry)
    message.sent = time.monotonic()
