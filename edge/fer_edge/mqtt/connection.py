"""One MQTT connection, from CONNECT to its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from fer_edge.errors import Problem
from fer_edge.mqtt.acknowledgements import Acknowledgement, AcknowledgementQueue, UnacknowledgedMessages
from fer_edge.mqtt.limited_client import LARGEST_PACKET, ProtocolError
from fer_edge.mqtt.paho_client import ConnectionSettings, connect, make_client, make_properties, release
from fer_edge.mqtt.problem import CHECK_PORT, explain_failure, explain_no_answer, explain_refusal

IN_FLIGHT = 20  # messages sent and not yet acknowledged, unless the broker allows fewer
MAX_UNACKNOWLEDGED = 40  # messages after which only events are sent, whose number the delivery limits
MAX_HEADER_SIZE = 15  # bytes of a message beside topic and payload
TOO_LARGE = ReasonCode(PacketTypes.DISCONNECT, "Packet too large")
CHECK_INTERVAL = 1.0  # seconds between two checks of paho's thread and of the acknowledgements
UNSPECIFIED, UNSUPPORTED_VERSION, TAKEN_OVER = 0x80, 0x84, 0x8E  # reason codes of MQTT 5


@dataclass(frozen=True)
class Callbacks:
    """What a connection calls, in the client's thread; must be quick.

    Attributes:
        on_connect: Called when the broker has accepted the connection, before it is ready.
        on_message: Called with each incoming message.
        on_change: Called when `ready` changes and when there are acknowledgements.
    """

    on_connect: Callable[[Connection], None]
    on_message: Callable[[paho.MQTTMessage], None]
    on_change: Callable[[], None]


@dataclass(frozen=True)
class Disconnect:
    """How a connection ended.

    Attributes:
        problem: Why.
        lasted: Seconds since the broker accepted it; None if it never did, or did not keep to MQTT.
        taken_over: Whether another client of the same id has connected.
        try_older: Whether the broker may know only an older version of MQTT.
        stalled: Whether the broker no longer acknowledged messages.
        in_flight: How many unacknowledged messages the broker allows.
    """

    problem: Problem
    lasted: float | None = None
    taken_over: bool = False
    stalled: bool = False
    try_older: bool = False
    in_flight: int = IN_FLIGHT


class Connection:
    """A client that connects once.

    It knows nothing of earlier connections, so that no message is sent twice on the same one.

    Attributes:
        in_flight: How many messages may be unacknowledged.
        version: Version of MQTT, "5" or "3.1.1".
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        version: MQTTProtocolVersion,
        callbacks: Callbacks,
        *,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        """Prepare to connect. Raises UsageError when a certificate or key cannot be read."""
        self.in_flight = in_flight
        self.version = "5" if version == MQTTProtocolVersion.MQTTv5 else "3.1.1"
        self._settings, self._callbacks = settings, callbacks
        self._acknowledgements, self._unacknowledged = AcknowledgementQueue(), UnacknowledgedMessages()
        self._accepted_at: float | None = None
        self._answered, self._ended = threading.Event(), threading.Event()
        self._announced = False  # whether on_connect has returned
        self._end = Disconnect(Problem("closed"))
        client = self._client = make_client(settings, version, in_flight)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish, client.on_subscribe = self._on_publish, self._on_subscribe
        client.on_message = self._on_message

    @property
    def open(self) -> bool:
        """Whether the broker has accepted the connection and no end of it has been detected."""
        return self._accepted_at is not None and not self._ended.is_set()

    @property
    def ready(self) -> bool:
        """Whether it is open and `on_connect` has returned."""
        return self._announced and self.open

    @property
    def congested(self) -> bool:
        """Whether so much is unacknowledged that only events should be sent."""
        return len(self._unacknowledged) >= MAX_UNACKNOWLEDGED

    def run(self, *, clean_start: bool) -> Disconnect:
        """Connect, stay connected until the connection ends, and return how it did.

        Args:
            clean_start: Whether the broker is to discard what it has queued for this client.
        """
        try:
            self._run(clean_start=clean_start)
        finally:
            release(self._client)
        return self._end

    def _run(self, *, clean_start: bool) -> None:
        timeouts = self._settings.timeouts
        try:
            connect(self._client, self._settings, clean_start=clean_start)
            self._client.loop_start()
        except (OSError, ValueError, RuntimeError) as error:  # the last one if no thread can be started
            self._finish(Disconnect(explain_failure(error, self._settings.broker)))
            return
        if not self._answered.wait(timeouts.mqtt5_connack if self._speaks_mqtt5 else timeouts.connect):
            self._abort(Disconnect(Problem("does not answer"), try_older=True))
        while not self._ended.wait(CHECK_INTERVAL):
            if not self._client._thread:  # paho's thread has failed on what it received
                self._finish(Disconnect(Problem("sent something other than MQTT", CHECK_PORT)))
            elif self._unacknowledged.stalled_for() > timeouts.acknowledgement:
                problem = Problem(f"acknowledges no message for {timeouts.acknowledgement:g} seconds")
                self._abort(Disconnect(problem, stalled=True))
        self._client.loop_stop()

    @property
    def _speaks_mqtt5(self) -> bool:
        return self.version == "5"

    @property
    def _duration(self) -> float | None:
        """Seconds since the broker accepted the connection; None if it has not."""
        return None if self._accepted_at is None else time.monotonic() - self._accepted_at

    def publish(self, topic: str, text: str, *, retain: bool = False, expiry: int | None = None) -> int:
        """Send a message of QoS 1.

        Args:
            topic: Where to.
            text: The payload.
            retain: Whether the broker keeps it for later subscribers.
            expiry: Seconds after which the broker discards it (MQTT 5); None for never.

        Returns:
            The id of the message. One that is larger than the broker accepts is not sent, and counts as refused.
        """
        if len(topic.encode()) + len(text.encode()) + MAX_HEADER_SIZE > self._client.accepts:
            return self._acknowledgements.refuse(f"messages to {topic}", TOO_LARGE)
        expires = self._speaks_mqtt5 and expiry is not None
        properties = make_properties(PacketTypes.PUBLISH, MessageExpiryInterval=expiry) if expires else None
        message = self._client.publish(topic, text, qos=1, retain=retain, properties=properties)
        self._unacknowledged.add(message)
        self._acknowledgements.expect(message.mid, f"messages to {topic}")
        return message.mid

    def subscribe(self, pattern: str) -> None:
        """Subscribe to the topics that match `pattern`, at QoS 1."""
        mid = self._client.subscribe(pattern, qos=1)[1]
        if mid is not None:
            self._acknowledgements.expect(mid, f"the subscription of {pattern}")

    def acknowledgements(self) -> Iterator[Acknowledgement]:
        """Yield the broker's answers to messages and subscriptions since the last call, in its order."""
        return self._acknowledgements.take()

    def abort(self, reason: str) -> None:
        """Break the connection, so that everything unacknowledged is sent again on the next one."""
        self._abort(Disconnect(Problem(reason), self._duration))

    def close(self) -> None:
        """Publish `offline`, wait until the broker has it, and disconnect; `run` returns."""
        timeout = self._settings.timeouts.close
        if self.ready and self._settings.will_topic:
            # If the connection breaks meanwhile, the broker publishes the last will.
            with suppress(RuntimeError, ValueError):
                offline = self._client.publish(self._settings.will_topic, "offline", qos=1, retain=True)
                offline.wait_for_publish(timeout)
        self._client.disable_logger()  # paho may log the end of the connection as an error
        end_session = make_properties(PacketTypes.DISCONNECT, SessionExpiryInterval=0) if self._speaks_mqtt5 else None
        self._client.disconnect(properties=end_session)
        if not self._ended.wait(timeout):
            self._abort(Disconnect(Problem("closed")))

    def _on_connect(
        self,
        client: paho.Client,
        userdata: Any,
        flags: paho.ConnectFlags,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if self._answered.is_set():
            self._abort(Disconnect(Problem("sent a second CONNACK")))
            return
        if code.is_failure:
            self._finish(Disconnect(explain_refusal(code), try_older=code.value == UNSUPPORTED_VERSION))
            return
        allowed = max(1, getattr(properties, "ReceiveMaximum", IN_FLIGHT))  # 0 is an error of the broker
        if allowed < self.in_flight:
            self._finish(Disconnect(Problem(f"accepts {allowed} messages at a time"), in_flight=allowed))
            client.disconnect()
            return
        self._client.accepts = getattr(properties, "MaximumPacketSize", LARGEST_PACKET)
        self._accepted_at = time.monotonic()
        self._answered.set()
        try:
            self._callbacks.on_connect(self)
        finally:
            self._announced = True
            self._callbacks.on_change()

    def _on_disconnect(
        self, client: paho.Client, userdata: Any, flags: paho.DisconnectFlags, code: ReasonCode, properties: Any
    ) -> None:
        # paho may call this twice for one end; the first call has the right reason.
        if self._accepted_at is None:
            problem = explain_no_answer(self._client.failure, self._client.head, self._settings.broker)
            self._finish(Disconnect(problem, try_older=True))
            return
        if isinstance(self._client.failure, ProtocolError):
            self._finish(Disconnect(Problem(str(self._client.failure))))
            return
        taken_over = flags.is_disconnect_packet_from_server and code.value == TAKEN_OVER
        reason = "closed by the other side" if code.value == UNSPECIFIED else code
        self._finish(Disconnect(Problem(f"connection lost: {reason}"), self._duration, taken_over))

    def _on_publish(self, client: paho.Client, userdata: Any, mid: int, code: ReasonCode, properties: Any) -> None:
        self._acknowledgements.put(mid, code)
        self._callbacks.on_change()

    def _on_subscribe(
        self, client: paho.Client, userdata: Any, mid: int, codes: list[ReasonCode], properties: Any
    ) -> None:
        refused = ReasonCode(PacketTypes.SUBACK, identifier=UNSPECIFIED)
        self._acknowledgements.put(mid, codes[0] if len(codes) == 1 else refused)  # one topic, so one code
        self._callbacks.on_change()

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        topic = ""
        with suppress(UnicodeDecodeError):
            topic = message.topic
        if topic:
            self._callbacks.on_message(message)

    def _abort(self, end: Disconnect) -> None:
        self._finish(end)
        self._client.abort()

    def _finish(self, end: Disconnect) -> None:
        if not self._ended.is_set():
            self._end = end
            self._ended.set()
            self._answered.set()
            self._callbacks.on_change()
