"""Publishes messages under `fer/<device>/` and dispatches incoming ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho

from fer_edge.backoff import Backoff
from fer_edge.config.broker import Broker
from fer_edge.events import encode
from fer_edge.mqtt.client import Client
from fer_edge.mqtt.connection import Connection
from fer_edge.mqtt.delivery import Delivery
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.paho_client import ConnectionSettings
from fer_edge.mqtt.timeouts import Timeouts
from fer_edge.mqtt.topics import EVENT, device_topic

Handler = Callable[[str, bytes, bool], None]  # topic, payload, whether the broker had retained it


@dataclass
class RetainedMessage:
    """A message that the broker keeps for later subscribers.

    Attributes:
        text: The payload.
        expiry: Seconds after which the broker discards it (MQTT 5); None for never.
        sent_at: When it was last sent, in seconds of the monotonic clock; None if never.
    """

    text: str
    expiry: int | None
    sent_at: float | None = None

    @property
    def due(self) -> bool:
        """Whether it is to be sent: for the first time, or because half of its expiry time has passed."""
        if self.sent_at is None:
            return True
        return self.expiry is not None and time.monotonic() - self.sent_at >= self.expiry / 2

    def send(self, connection: Connection, topic: str) -> None:
        """Publish it at `topic`."""
        connection.publish(topic, self.text, retain=True, expiry=self.expiry)
        self.sent_at = time.monotonic()


class Publisher:
    """Publishes a device's messages: retained ones, events from the outbox, and others; and receives messages.

    On each connection it sends, in this order: the subscriptions, `online`, the retained messages in the order in which
    they were first published, the events. Handlers are called in the client's thread and must be quick.

    Attributes:
        topic: The prefix of this device's topics: `fer/<device>`.
    """

    def __init__(
        self,
        broker: Broker,
        password: str | None,
        device: str,
        outbox: Outbox,
        *,
        timeouts: Timeouts | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        """Prepare to connect as the client `fer-edge-<device>`.

        Two devices with the same name disconnect each other, which is logged.
        """
        self.topic = device_topic(device)
        self._settings = ConnectionSettings(
            broker, password, f"fer-edge-{device}", f"{self.topic}/status", timeouts or Timeouts(), backoff or Backoff()
        )
        self._retained: dict[str, RetainedMessage] = {}
        self._handlers: dict[str, Handler] = {}
        # Guards the connection and what is sent on it, so that an old state never overtakes a newer one.
        self._lock = threading.RLock()
        self._connection: Connection | None = None  # the last one that the broker accepted
        self._client = Client(self._settings, self._on_connect, self._on_message)
        self._delivery = Delivery(outbox, self.topic, self._client)

    def start(self) -> None:
        """Start connecting and delivering."""
        self._client.start()
        self._delivery.start()

    def stop_delivery(self) -> None:
        """Send no more events. Undelivered ones stay in the outbox, which no other thread uses from now on."""
        self._delivery.close(self._settings.timeouts.close)

    def close(self) -> None:
        """Publish `offline`, wait until it is acknowledged, and disconnect. Undelivered events stay in the outbox."""
        self.stop_delivery()
        self._client.close()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def put(self, payload: str, name: str = EVENT) -> None:
        """Add a message to the outbox, to be sent to `fer/<device>/<name>`.

        Raises DeliveryError when delivery has failed for good.
        """
        self._delivery.put(payload, name)

    def check(self) -> None:
        """Raise DeliveryError when delivery has failed for good."""
        self._delivery.check()

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until the broker is connected and has every event. Returns whether it has."""
        return self._delivery.flush(timeout)

    def retain(self, name: str, payload: dict[str, Any], expiry: int | None = None) -> None:
        """Keep a retained message at `fer/<device>/<name>`; see `retain_at`."""
        self.retain_at(f"{self.topic}/{name}", encode(payload), expiry)

    def retain_at(self, topic: str, text: str, expiry: int | None = None) -> None:
        """Keep a retained message at `topic`, now and after each reconnection.

        It is sent if it differs from the last one or half of its expiry time has passed, so this may be called often.

        Args:
            topic: Where to.
            text: The payload; an empty one removes the retained message.
            expiry: Seconds after which the broker discards it (MQTT 5); None for never.
        """
        with self._lock:
            message = self._retained.get(topic)
            if not message or message.text != text:
                message = self._retained[topic] = RetainedMessage(text, expiry)
            if message.due and (connection := self._open_connection) and not connection.congested:
                message.send(connection, topic)

    def send_again(self, topic: str) -> None:
        """Send the retained message at `topic` again, for a subscriber that may have lost it."""
        with self._lock:
            connection, message = self._open_connection, self._retained.get(topic)
            if connection and message and not connection.congested:
                message.send(connection, topic)

    def send(self, name: str, payload: dict[str, Any]) -> bool:
        """Publish a message at `fer/<device>/<name>` that is not retained.

        Returns False, and drops it, while the broker is not connected or too many messages are unacknowledged.
        """
        return self.send_text(name, encode(payload))

    def send_text(self, name: str, text: str) -> bool:
        """Publish a text that is not JSON; see `send`."""
        connection = self._client.connection
        if not connection or connection.congested:
            return False
        connection.publish(f"{self.topic}/{name}", text)
        return True

    def subscribe(self, pattern: str, handler: Handler) -> None:
        """Call `handler` with each message whose topic matches `pattern`, now and after each reconnection."""
        with self._lock:
            self._handlers[pattern] = handler
            if connection := self._open_connection:
                connection.subscribe(pattern)

    @property
    def address(self) -> str:
        """The broker's address, without credentials."""
        return str(self._settings.broker)

    @property
    def connected(self) -> bool:
        """Whether the broker is connected."""
        return self._client.connection is not None

    @property
    def problem(self) -> str:
        """Why the broker does not have every event, with its address."""
        if self.connected:
            return f"{self.address}: has not acknowledged every message"
        problem = self._client.problem
        return str(problem) if problem else f"{self.address}: no MQTT answer"

    @property
    def refused(self) -> int:
        """Number of events that the broker refused."""
        return self._delivery.refused

    @property
    def stalls(self) -> int:
        """Number of connections that were renewed because the broker no longer acknowledged messages."""
        return self._client.stalls

    @property
    def _open_connection(self) -> Connection | None:
        """The connection on which `online` and the retained messages have been sent, while it is open."""
        return self._connection if self._connection and self._connection.open else None

    def _on_connect(self, connection: Connection) -> None:
        with self._lock:
            for pattern in self._handlers:
                connection.subscribe(pattern)
            connection.publish(f"{self.topic}/status", "online", retain=True)
            for topic, message in self._retained.items():
                message.send(connection, topic)
            self._connection = connection  # from now on, what is retained is sent by `retain_at`

    def _on_message(self, message: paho.MQTTMessage) -> None:
        for pattern, handler in list(self._handlers.items()):
            if paho.topic_matches_sub(pattern, message.topic):
                handler(message.topic, bytes(message.payload), message.retain)
