"""The connection to the broker, kept up for as long as we run."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTProtocolVersion

from fer_edge.errors import UsageError
from fer_edge.mqtt.connection import IN_FLIGHT, Connection, ConnectionSettings, Disconnect

log = logging.getLogger(__name__)

DELAYS = (1.0, 60.0)  # seconds between two tries: at first, at most
STABLE = 10.0  # seconds that a connection lasts when nothing is wrong with it
THROWN_OUT = 3  # connections in a row that did not last, until we ask who else has our name
TIMEOUT = 2.0  # seconds for the last word, and for each step of the farewell


class Client:
    """Connects again and again, with MQTT 5 and, where the broker has only that, with MQTT 3.1.1.

    Each connection is a new Link, which `greet` is told of when the broker has accepted it. `hear` is called with each
    message. Both are called in the client's thread and must be quick; what they raise is logged and survived.
    `changed` is set when the link comes or goes and when the broker has answered.
    """

    def __init__(
        self, login: ConnectionSettings, greet: Callable[[Connection], None], hear: Callable[[paho.MQTTMessage], None]
    ) -> None:
        """Start to connect, in a thread of its own."""
        self.changed = threading.Event()
        self._login, self._greet, self._hear = login, greet, hear
        self._link: Connection | None = None
        self._in_flight = IN_FLIGHT
        self._fresh = True  # what was sent to an earlier run is not for us
        self._problem, self._said = "no MQTT answer", ""
        self._thrown_out = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fer-edge-mqtt", daemon=True)
        self._thread.start()

    @property
    def link(self) -> Connection | None:
        """The connection that stands, if there is one."""
        link = self._link
        return link if link and link.ready else None

    @property
    def alive(self) -> bool:
        """Whether somebody tries to keep the connection up: false only after `close`, or a fault of our own."""
        return self._thread.is_alive()

    @property
    def problem(self) -> str:
        """Why the broker cannot be reached."""
        return f"{self._login.broker}: {self._problem}"

    def close(self) -> None:
        """Say `offline`, wait until it has arrived, and disconnect."""
        self._closing.set()
        if self._link:
            self._link.close(TIMEOUT)
        self._thread.join(TIMEOUT)

    def _run(self) -> None:
        pause = DELAYS[0]
        while not self._closing.is_set():
            end = self._connect()
            if self._closing.is_set():
                return
            self._note(end)
            if end.lasted is not None and end.lasted >= STABLE:
                pause = DELAYS[0]
            # Two of one name throw each other out: let the other be for a while.
            self._closing.wait(jitter(DELAYS[1] if end.taken_over else pause))
            pause = min(2 * pause, DELAYS[1])

    def _connect(self) -> Disconnect:
        """One try: MQTT 5, then 3.1.1 if the broker seems not to know it. A broker that was updated is MQTT 5 again."""
        end = self._stay(MQTTProtocolVersion.MQTTv5)
        if end.in_flight < self._in_flight:
            self._in_flight = end.in_flight
            end = self._stay(MQTTProtocolVersion.MQTTv5)
        if end.try_older and not self._closing.is_set():
            end = self._stay(MQTTProtocolVersion.MQTTv311)
        return end

    def _stay(self, version: MQTTProtocolVersion) -> Disconnect:
        try:
            link = Connection(
                self._login, version, self._on_accepted, self._hear, self.changed, in_flight=self._in_flight
            )
        except UsageError as error:  # a certificate that was there when we started
            return Disconnect(f"{error.setting} {error}")
        self._link = link
        return link.run(fresh=self._fresh)

    def _on_accepted(self, link: Connection) -> None:
        log.info("connected to %s (MQTT %s)", self._login.broker, link.version)
        self._said, self._fresh = "", False
        self._greet(link)

    def _note(self, end: Disconnect) -> None:
        """Log a trouble when it begins, not each time that it is met again."""
        quick = end.lasted is not None and end.lasted < STABLE
        self._thrown_out = self._thrown_out + 1 if quick else 0
        self._problem = end.reason
        if end.taken_over or self._thrown_out >= THROWN_OUT:
            self._problem += f" (does another device call itself {self._login.client_id}? --device must differ)"
        if self._problem != self._said:
            self._said = self._problem
            log.warning("broker %s, trying again", self.problem)


def jitter(pause: float) -> float:
    """Half to all of `pause`, seconds: a thousand devices must not come back in the same instant."""
    return pause * random.uniform(0.5, 1.0)  # noqa: S311  no secret
