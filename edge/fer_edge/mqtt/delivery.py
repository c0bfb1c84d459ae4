"""From the outbox to the broker: what is on disk is sent, what the broker has acknowledged leaves."""

from __future__ import annotations

import logging
import threading
import time

from fer_edge.errors import FerError
from fer_edge.mqtt.client import Client
from fer_edge.mqtt.connection import Acknowledgement, Connection
from fer_edge.mqtt.outbox import Outbox

log = logging.getLogger(__name__)

POLL_INTERVAL = 0.1  # seconds between two looks when nothing calls


class DeliveryError(FerError):
    """A thread that delivers has failed; its trace stands in the log."""


class Delivery:
    """Sends the events of an outbox in their order, in a thread of its own: a slow disk holds up no camera.

    On each connection it begins with the oldest that is not acknowledged, so that a connection brings a second copy of
    the at most IN_FLIGHT events that were under way on the last one, and never a third. Old events go before new ones.
    An event that the broker refuses is dropped and counted in `refused`, since it would be refused again. Only when it
    exceeds a quota is there hope: then the line is broken, and what is not acknowledged is sent again later.
    """

    def __init__(self, outbox: Outbox, topic: str, connection: Client) -> None:
        self.refused = 0
        self._outbox, self._topic, self._connection = outbox, topic, connection
        self._link: Connection | None = None
        self._under_way: dict[int, int] = {}  # message id -> number in the outbox
        self._last = 0  # number of the last event that was sent
        self._complained: set[str] = set()  # what the broker refuses
        self._called, self._stopping = connection.changed, threading.Event()
        self._thread = threading.Thread(target=self._run, name="fer-edge-delivery", daemon=True)
        self._thread.start()

    def put(self, payload: str) -> None:
        """Add an event. Raises DeliveryError when nobody is there to send it."""
        self.check()
        self._outbox.put(payload)
        self._called.set()

    def check(self) -> None:
        """Raise DeliveryError when a thread has died: nothing would be sent or heard any more."""
        if not (self._thread.is_alive() and self._connection.alive):
            raise DeliveryError("the delivery of events has failed; the log tells why")

    def flush(self, timeout: float) -> bool:
        """Wait until the broker is there and has everything, `patience` seconds at most; tell whether it came so."""
        deadline = time.monotonic() + timeout
        while not (arrived := bool(self._connection.link) and not len(self._outbox)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return arrived

    def close(self) -> None:
        """Stop sending. What waits stays in the outbox."""
        self._stopping.set()
        self._called.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._called.wait(POLL_INTERVAL)
            self._called.clear()
            self._step()
        if self._link:
            self._take_answers(self._link)

    def _step(self) -> None:
        self._outbox.commit()
        link = self._connection.link
        if self._link:
            self._take_answers(self._link)
        if link is not self._link:
            self._link = link
            self._under_way.clear()
            self._last = 0
        if link and len(self._outbox):
            self._send(link)

    def _take_answers(self, link: Connection) -> None:
        for answer in link.answers():
            number = self._under_way.pop(answer.mid, None)
            self._note(answer)
            if number is None:
                continue
            if answer.later:
                link.drop(f"takes nothing more: {answer.refusal}")
                return
            self.refused += bool(answer.refusal)
            self._outbox.remove(number)

    def _note(self, answer: Acknowledgement) -> None:
        """Log a refusal when it begins, not for each message."""
        if not answer.refusal:
            self._complained.discard(answer.request)
        elif answer.request not in self._complained:
            self._complained.add(answer.request)
            log.warning("the broker refuses %s: %s", answer.request, answer.refusal)

    def _send(self, link: Connection) -> None:
        if not self._under_way and not self._outbox.after(self._last, 1):
            self._last = 0  # events of a file that could not be read until now
        for number, payload in self._outbox.after(self._last, link.in_flight - len(self._under_way)):
            self._under_way[link.publish(self._topic, payload)] = number
            self._last = number
