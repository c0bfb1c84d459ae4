"""The broker's answers to messages and subscriptions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from queue import Empty, SimpleQueue

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

QUOTA_EXCEEDED = 0x97  # reason code of MQTT 5


@dataclass(frozen=True)
class Acknowledgement:
    """The broker's answer to a request.

    Attributes:
        mid: Id of the message or subscription.
        request: What was requested, for people to read.
        refusal: Why it is refused; empty if it is granted.
        retryable: Whether the same request may be granted later.
    """

    mid: int
    request: str
    refusal: str
    retryable: bool = False


class AcknowledgementQueue:
    """Passes acknowledgements from the client's thread, which calls `put`, to the thread that calls the rest."""

    def __init__(self) -> None:
        self._requests: dict[int, str] = {}
        self._answers: SimpleQueue[tuple[int, ReasonCode]] = SimpleQueue()
        self._own_mids = count(-1, -1)  # those of MQTT are positive

    def expect(self, mid: int, request: str) -> None:
        """Note what the request with the id `mid` is, for people to read."""
        self._requests[mid] = request

    def put(self, mid: int, code: ReasonCode) -> None:
        """Add the broker's answer to a request."""
        self._answers.put((mid, code))

    def refuse(self, request: str, code: ReasonCode) -> int:
        """Refuse a request in place of the broker, without sending it. Returns an id for it."""
        mid = next(self._own_mids)
        self.expect(mid, request)
        self.put(mid, code)
        return mid

    def take(self) -> Iterator[Acknowledgement]:
        """Yield the acknowledgements since the last call, in the order of the broker."""
        with suppress(Empty):
            while True:
                mid, code = self._answers.get_nowait()
                request = self._requests.pop(mid, "a message")
                yield Acknowledgement(mid, request, str(code) if code.is_failure else "", code.value == QUOTA_EXCEEDED)


class UnacknowledgedMessages:
    """The messages of a connection that the broker has not acknowledged yet. Safe to use from any thread."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._messages: list[paho.MQTTMessageInfo] = []  # oldest first
        self._oldest_since = 0.0  # when the oldest one became the oldest
        self._lock = threading.Lock()

    def add(self, message: paho.MQTTMessageInfo) -> None:
        """Add a message, unless paho could not send it."""
        if message.rc != paho.MQTT_ERR_SUCCESS:
            return
        with self._lock:
            if not self._messages:
                self._oldest_since = self._monotonic()
            self._messages.append(message)

    def __len__(self) -> int:
        with self._lock:
            self._remove_acknowledged()
            return len(self._messages)

    def stalled_for(self) -> float:
        """Seconds without progress: since the oldest message was sent, or the one before it was acknowledged."""
        with self._lock:
            self._remove_acknowledged()
            return self._monotonic() - self._oldest_since if self._messages else 0.0

    def _remove_acknowledged(self) -> None:
        waiting = [message for message in self._messages if not message.is_published()]
        if waiting[:1] != self._messages[:1]:
            self._oldest_since = self._monotonic()
        self._messages = waiting
