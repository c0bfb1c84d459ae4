"""Keeps a connection to the broker, reconnecting with back-off."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTProtocolVersion

from fer_edge.errors import Problem, UsageError
from fer_edge.mqtt.connection import IN_FLIGHT, Callbacks, Connection, Disconnect
from fer_edge.mqtt.paho_client import ConnectionSettings
from fer_edge.mqtt.timeouts import jitter

log = logging.getLogger(__name__)

STABLE_AFTER = 10.0  # seconds after which a connection counts as stable
MAX_SHORT_CONNECTIONS = 3  # in a row, after which another device probably has the same client id


class ProblemLog:
    """Why the broker cannot be used; each problem is logged when it begins, and not again while it lasts.

    Attributes:
        problem: Why the last attempt failed or the last connection ended; None before that.
    """

    def __init__(self, settings: ConnectionSettings) -> None:
        self.problem: Problem | None = None
        self._settings = settings
        self._logged: Problem | None = None
        self._short_connections = 0

    def on_connect(self) -> None:
        """Note a connection; the next problem is a new one."""
        self._logged = None

    def on_disconnect(self, end: Disconnect) -> None:
        """Note the end of an attempt or a connection."""
        short = end.lasted is not None and end.lasted < STABLE_AFTER
        self._short_connections = self._short_connections + 1 if short else 0
        text = f"{self._settings.broker}: {end.problem}"
        if end.taken_over or self._short_connections >= MAX_SHORT_CONNECTIONS:
            text += f" (does another device use the client id {self._settings.client_id}? --device must differ)"
        self.problem = Problem(text, end.problem.cure)
        if self.problem != self._logged:
            self._logged = self.problem
            cure = f": {end.problem.cure}" if end.problem.cure else ""
            log.warning("broker %s%s; retrying", text, cure)


class Client:
    """Connects and reconnects, with MQTT 5 or, if the broker knows only that, with MQTT 3.1.1.

    Attributes:
        changed: Set when the connection becomes ready or ends and when there are acknowledgements.
        stalls: Number of connections that ended because the broker no longer acknowledged messages.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        on_connect: Callable[[Connection], None],
        on_message: Callable[[paho.MQTTMessage], None],
    ) -> None:
        """Prepare to connect.

        Args:
            settings: How to connect, and as whom.
            on_connect: Called with each connection when the broker has accepted it, before it is ready.
            on_message: Called with each incoming message. Both are called in the client's thread and must be quick;
                their exceptions are logged and otherwise ignored.
        """
        self.changed, self.stalls = threading.Event(), 0
        self._settings, self._on_connect = settings, on_connect
        self._callbacks = Callbacks(self._on_accepted, on_message, self.changed.set)
        self._connection: Connection | None = None
        self._in_flight = IN_FLIGHT
        self._clean_start = True  # commands queued for an earlier run are not for this one
        self._problems = ProblemLog(settings)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fer-edge-mqtt", daemon=True)

    def start(self) -> None:
        """Start connecting, in a separate thread."""
        self._thread.start()

    @property
    def connection(self) -> Connection | None:
        """The connection, once it is ready and until it ends."""
        connection = self._connection
        return connection if connection and connection.ready else None

    @property
    def failed(self) -> bool:
        """Whether the thread has died of an unexpected error, so that nothing is sent or received any more."""
        return self._thread.ident is not None and not self._thread.is_alive() and not self._closing.is_set()

    @property
    def problem(self) -> Problem | None:
        """Why the last attempt failed or the last connection ended, with the broker's address; None before that."""
        return self._problems.problem

    def close(self) -> None:
        """Publish `offline`, wait until it is acknowledged, and disconnect."""
        self._closing.set()
        if self._connection:
            self._connection.close()
        if self._thread.ident is not None:
            self._thread.join(self._settings.timeouts.close)

    def _run(self) -> None:
        backoff = self._settings.backoff
        delays = backoff.delays()
        while not self._closing.is_set():
            end = self._connect()
            if self._closing.is_set():
                return
            self._problems.on_disconnect(end)
            self.stalls += end.stalled
            if end.lasted is not None and end.lasted >= STABLE_AFTER:
                delays = backoff.delays()
            delay = next(delays)
            # Two clients of one id disconnect each other in turn: leave the other one alone for a while.
            self._closing.wait(jitter(backoff.longest if end.taken_over else delay))

    def _connect(self) -> Disconnect:
        """Try MQTT 5, then 3.1.1 if the broker seems not to know it. An upgraded broker gets MQTT 5 again."""
        end = self._run_connection(MQTTProtocolVersion.MQTTv5)
        if end.in_flight < self._in_flight:
            self._in_flight = end.in_flight
            end = self._run_connection(MQTTProtocolVersion.MQTTv5)
        if end.try_older and not self._closing.is_set():
            end = self._run_connection(MQTTProtocolVersion.MQTTv311)
        return end

    def _run_connection(self, version: MQTTProtocolVersion) -> Disconnect:
        try:
            connection = Connection(self._settings, version, self._callbacks, in_flight=self._in_flight)
        except UsageError as error:  # a certificate has become unreadable since the start
            return Disconnect(Problem(f"{error.setting} {error.message}", error.cure))
        self._connection = connection
        return connection.run(clean_start=self._clean_start)

    def _on_accepted(self, connection: Connection) -> None:
        log.info("connected to %s (MQTT %s)", self._settings.broker, connection.version)
        self._problems.on_connect()
        self._clean_start = False
        self._on_connect(connection)
