"""One exchange with the broker: connect, subscribe, publish, wait for the answers, disconnect."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import paho.mqtt.client as paho

from fer_edge.errors import FerError, Problem
from fer_edge.mqtt.client import Client
from fer_edge.mqtt.connection import Connection
from fer_edge.mqtt.paho_client import ConnectionSettings
from fer_edge.mqtt.problem import CHECK_ACCESS_LIST
from fer_edge.mqtt.timeouts import POLL_INTERVAL


class ExchangeError(FerError):
    """The broker cannot be reached, refuses a request or does not answer it."""


class NoAnswerError(ExchangeError):
    """The broker is connected, but the answers did not arrive in time."""


@dataclass(frozen=True)
class Message:
    """A message to publish, at QoS 1."""

    topic: str
    payload: str = ""
    retain: bool = False


class BrokerExchange:
    """Subscriptions and messages that are sent, in this order, on each connection until they are answered."""

    def __init__(
        self,
        messages: Sequence[Message],
        subscriptions: Sequence[str] = (),
        on_message: Callable[[paho.MQTTMessage], None] = lambda message: None,
    ) -> None:
        """`on_message` is called with each incoming message, in the client's thread."""
        self._messages, self._subscriptions, self._on_message = messages, subscriptions, on_message
        self._unacknowledged: set[int] = set()

    @property
    def acknowledged(self) -> bool:
        """Whether the broker has acknowledged every message."""
        return not self._unacknowledged

    def run(
        self,
        settings: ConnectionSettings,
        timeout: float,
        *,
        answered: Callable[[], bool] | None = None,
        retry: bool = True,
    ) -> str:
        """Connect and wait until the exchange is complete.

        Args:
            settings: How to connect, and as whom.
            timeout: Seconds for the network and the answers.
            answered: Whether the answers are complete; by default they are once every message is acknowledged.
            retry: Whether to connect again when that fails.

        Returns:
            The version of MQTT, "5" or "3.1.1".

        Raises:
            NoAnswerError: The broker is connected, but the answers did not arrive in time.
            ExchangeError: The broker cannot be reached, or it refuses a message or subscription.
        """
        client = Client(settings, self._on_connect, self._on_message)
        client.start()
        try:
            return self._wait(client, settings, time.monotonic() + timeout, answered, retry=retry)
        finally:
            client.close()

    def _on_connect(self, connection: Connection) -> None:
        for pattern in self._subscriptions:
            connection.subscribe(pattern)
        # What an earlier connection has sent is sent again: only the answers on this one count.
        self._unacknowledged = {
            connection.publish(message.topic, message.payload, retain=message.retain) for message in self._messages
        }

    def _wait(
        self,
        client: Client,
        settings: ConnectionSettings,
        deadline: float,
        answered: Callable[[], bool] | None,
        *,
        retry: bool,
    ) -> str:
        while True:
            if connection := client.connection:
                self._take_acknowledgements(connection, settings)
                if answered() if answered else self.acknowledged:
                    return connection.version
            late = time.monotonic() > deadline
            if late and connection:
                raise NoAnswerError(f"{settings.broker}: no answer")
            if late or (client.problem and not connection and not retry):
                problem = client.problem or Problem(f"{settings.broker}: no MQTT answer")
                raise ExchangeError(problem.text, cure=problem.cure)
            client.changed.wait(POLL_INTERVAL)
            client.changed.clear()

    def _take_acknowledgements(self, connection: Connection, settings: ConnectionSettings) -> None:
        for acknowledgement in connection.acknowledgements():
            if acknowledgement.refusal:
                raise ExchangeError(
                    f"{settings.broker}: refuses {acknowledgement.request}: {acknowledgement.refusal}",
                    cure=CHECK_ACCESS_LIST,
                )
            self._unacknowledged.discard(acknowledgement.mid)
