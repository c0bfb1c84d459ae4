"""The broker's answers to messages and subscriptions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

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

    def expect(self, mid: int, request: str) -> None:
        """Note what the request with the id `mid` is, for people to read."""
        self._requests[mid] = request

    def put(self, mid: int, code: ReasonCode) -> None:
        """Add the broker's answer to a request."""
        self._answers.put((mid, code))

    def take(self) -> Iterator[Acknowledgement]:
        """Yield the acknowledgements since the last call, in the order of the broker."""
        with suppress(Empty):
            while True:
                mid, code = self._answers.get_nowait()
                request = self._requests.pop(mid, "a message")
                yield Acknowledgement(mid, request, str(code) if code.is_failure else "", code.value == QUOTA_EXCEEDED)
