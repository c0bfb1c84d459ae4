"""One MQTT connection, from CONNECT to its end."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from fer_edge.config.broker import Broker, explain, tls_context

KEEPALIVE = 30  # seconds of silence until we ask whether the broker is there, and until we give it up
CONNECT_TIMEOUT = 10.0  # seconds for the network, and again for the broker's CONNACK
MODERN_TIMEOUT = 2.0  # seconds for the CONNACK of MQTT 5: some older brokers fall silent at what they do not know
SESSION_EXPIRY = 60  # seconds that the broker keeps commands for us while the line is down
IN_FLIGHT = 20  # messages sent and not yet acknowledged, unless the broker wants fewer
LARGEST = 262_144  # bytes of a message that the broker may send us: no stranger fills our memory (MQTT 5)
UNSPECIFIED, UNSUPPORTED_VERSION, TAKEN_OVER, QUOTA_EXCEEDED = 0x80, 0x84, 0x8E, 0x97  # reason codes of MQTT 5

QUIET = logging.getLogger(f"{__name__}.paho")
QUIET.setLevel(logging.ERROR)
# Of a callback's exception, which it then survives, paho tells only here; the rest we see for ourselves.
QUIET.addFilter(lambda record: record.msg.startswith("Caught exception"))


@dataclass(frozen=True)
class ConnectionSettings:
    """Who we are to the broker. will: the topic that says `offline` when the line breaks, if one is to."""

    broker: Broker
    password: str | None
    client_id: str
    will: str | None
    keepalive: int = KEEPALIVE


@dataclass(frozen=True)
class Disconnect:
    """How a connection ended. lasted: seconds since the broker accepted it, None if it never did."""

    reason: str
    lasted: float | None = None
    taken_over: bool = False
    try_older: bool = False
    in_flight: int = IN_FLIGHT


@dataclass(frozen=True)
class Acknowledgement:
    """What the broker said to a request. request: what it was. refusal: why it is denied; empty when it is not.

    later: whether it may be granted another time.
    """

    mid: int
    request: str
    refusal: str
    later: bool = False


class Connection:
    """A client that connects once. It has no memory of an earlier connection, so that nothing is sent twice in one.

    in_flight: how many messages may be under way. version: of MQTT.
    ready: whether the broker has accepted us and the line still stands, as far as is known.
    """

    def __init__(
        self,
        login: ConnectionSettings,
        version: MQTTProtocolVersion,
        greet: Callable[[Connection], None],
        hear: Callable[[paho.MQTTMessage], None],
        changed: threading.Event,
        *,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        """`greet` is called when the broker has accepted us, `hear` with each message, both in the client's thread.

        `changed` is set when `ready` changes and when there are answers.
        """
        self.in_flight, self.version = in_flight, "5" if version == MQTTProtocolVersion.MQTTv5 else "3.1.1"
        self.ready = False
        self._changed = changed
        self._login, self._modern, self._greet = login, version == MQTTProtocolVersion.MQTTv5, greet
        self._requests: dict[int, str] = {}
        self._answers: SimpleQueue[tuple[int, ReasonCode]] = SimpleQueue()
        self._accepted_at: float | None = None
        self._settled, self._ended = threading.Event(), threading.Event()
        self._end = Disconnect("closed")
        self._client = self._make_client(version, hear)

    def _make_client(self, version: MQTTProtocolVersion, hear: Callable[[paho.MQTTMessage], None]) -> paho.Client:
        broker = self._login.broker
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._login.client_id,
            clean_session=None if self._modern else True,
            protocol=version,
            transport="websockets" if broker.over_websockets else "tcp",
            reconnect_on_failure=False,
        )
        client.suppress_exceptions = True
        client.enable_logger(QUIET)
        client.connect_timeout = CONNECT_TIMEOUT
        client.max_inflight_messages = self.in_flight
        if self._login.will:
            client.will_set(self._login.will, "offline", qos=1, retain=True)
        if broker.user:
            client.username_pw_set(broker.user, self._login.password)
        if broker.encrypted:
            client.tls_set_context(tls_context(broker))
        if broker.over_websockets:
            client.ws_set_options(path=broker.path)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish, client.on_subscribe = self._on_publish, self._on_subscribe
        client.on_message = lambda client, userdata, message: hear(message)
        return client

    def run(self, *, fresh: bool) -> Disconnect:
        """Connect, stay until the line ends, and tell how. `fresh`: the broker forgets what it kept for us."""
        try:
            self._stay(fresh=fresh)
        finally:
            self._let_go()
        return self._end

    def _stay(self, *, fresh: bool) -> None:
        broker = self._login.broker
        options: dict[str, Any] = {}
        if self._modern:
            properties = _properties(
                PacketTypes.CONNECT, SessionExpiryInterval=SESSION_EXPIRY, MaximumPacketSize=LARGEST
            )
            options = {"clean_start": fresh, "properties": properties}
        try:
            self._client.connect(broker.host, broker.port, self._login.keepalive, **options)
        except (OSError, ValueError) as error:  # ValueError: a host name that cannot be one
            self._finish(Disconnect(explain(error, broker)))
            return
        self._client.loop_start()
        if not self._settled.wait(MODERN_TIMEOUT if self._modern else CONNECT_TIMEOUT):
            self._hang_up(Disconnect("does not answer", try_older=True))
        while not self._ended.wait(1.0):
            if not self._client._thread:
                self._finish(Disconnect("sent what is no MQTT"))  # and the client stumbled over it
        self._client.loop_stop()

    def _let_go(self) -> None:
        """Have the client call nobody: else the two hold each other, and its sockets, until a garbage collection."""
        client = self._client
        client.on_connect = client.on_disconnect = client.on_publish = client.on_subscribe = client.on_message = None

    def publish(self, topic: str, text: str, *, retain: bool = False, expiry: int | None = None) -> int:
        """Send a message of QoS 1 and return its id. `expiry`: seconds after which the broker forgets it (MQTT 5)."""
        expires = self._modern and expiry is not None
        properties = _properties(PacketTypes.PUBLISH, MessageExpiryInterval=expiry) if expires else None
        mid = self._client.publish(topic, text, qos=1, retain=retain, properties=properties).mid
        self._requests[mid] = f"messages to {topic}"
        return mid

    def subscribe(self, pattern: str) -> None:
        """Ask for the messages of these topics."""
        mid = self._client.subscribe(pattern, qos=1)[1]
        if mid is not None:
            self._requests[mid] = f"the subscription of {pattern}"

    def answers(self) -> Iterator[Acknowledgement]:
        """What the broker has said to messages and subscriptions since the last look, in its order."""
        with suppress(Empty):
            while True:
                mid, code = self._answers.get_nowait()
                refusal = str(code) if code.is_failure else ""
                yield Acknowledgement(mid, self._requests.pop(mid, "a message"), refusal, code.value == QUOTA_EXCEEDED)

    def drop(self, reason: str) -> None:
        """Break the line, so that all that is not acknowledged is sent again on the next."""
        lasted = None if self._accepted_at is None else time.monotonic() - self._accepted_at
        self._hang_up(Disconnect(reason, lasted))

    def close(self, timeout: float) -> None:
        """Say `offline`, wait until the broker has it, and take leave; `run` returns."""
        if self.ready and self._login.will:
            # Should the line break just now, the broker has our last will.
            with suppress(RuntimeError, ValueError):
                self._client.publish(self._login.will, "offline", qos=1, retain=True).wait_for_publish(timeout)
        self._client.disable_logger()  # paho may call it an error that the line ends
        forget_us = _properties(PacketTypes.DISCONNECT, SessionExpiryInterval=0) if self._modern else None
        self._client.disconnect(properties=forget_us)
        if not self._ended.wait(timeout):
            self._hang_up(Disconnect("closed"))

    def _on_connect(
        self,
        client: paho.Client,
        userdata: Any,
        flags: paho.ConnectFlags,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if code.is_failure:
            older = code.value == UNSUPPORTED_VERSION
            self._finish(Disconnect(f"refused: {code}", try_older=older))
            return
        wanted = getattr(properties, "ReceiveMaximum", IN_FLIGHT)
        if wanted < self.in_flight:
            self._finish(Disconnect(f"takes {wanted} messages at a time", in_flight=wanted))
            client.disconnect()
            return
        self._accepted_at = time.monotonic()
        self._settled.set()
        try:
            self._greet(self)
        finally:
            self.ready = not self._ended.is_set()
            self._changed.set()

    def _on_disconnect(
        self, client: paho.Client, userdata: Any, flags: paho.DisconnectFlags, code: ReasonCode, properties: Any
    ) -> None:
        # paho may call this twice for one end; the first has it right.
        if self._accepted_at is None:
            self._finish(Disconnect("closed the connection without an MQTT answer", try_older=True))
            return
        taken_over = flags.is_disconnect_packet_from_server and code.value == TAKEN_OVER
        told = "closed at the other end" if code.value == UNSPECIFIED else code
        self._finish(Disconnect(f"connection lost: {told}", time.monotonic() - self._accepted_at, taken_over))

    def _on_publish(self, client: paho.Client, userdata: Any, mid: int, code: ReasonCode, properties: Any) -> None:
        self._answers.put((mid, code))
        self._changed.set()

    def _on_subscribe(
        self, client: paho.Client, userdata: Any, mid: int, codes: list[ReasonCode], properties: Any
    ) -> None:
        self._answers.put((mid, codes[0]))
        self._changed.set()

    def _hang_up(self, end: Disconnect) -> None:
        """Break the line below the client, whose thread then ends of itself, be there ever so much unacknowledged."""
        self._finish(end)
        if line := self._client.socket():
            with suppress(OSError), socket.socket(fileno=os.dup(line.fileno())) as same:
                same.shutdown(socket.SHUT_RDWR)

    def _finish(self, end: Disconnect) -> None:
        if not self._ended.is_set():
            self.ready, self._end = False, end
            self._ended.set()
            self._settled.set()
            self._changed.set()


def _properties(packet: int, **values: int | None) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return properties
