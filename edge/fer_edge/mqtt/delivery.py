"""Delivers the events of the outbox to the broker; those that it has acknowledged leave the outbox."""

from __future__ import annotations

import logging
import threading
import time

from fer_edge.errors import FerError
from fer_edge.mqtt.acknowledgements import Acknowledgement
from fer_edge.mqtt.client import Client
from fer_edge.mqtt.connection import Connection
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.timeouts import POLL_INTERVAL

log = logging.getLogger(__name__)

FLUSH_POLL_INTERVAL = 0.02  # seconds between two checks whether everything is acknowledged


class DeliveryError(FerError):
    """A thread that delivers events has failed; the log has its traceback."""


class Transfer:
    """The events sent on one connection and not yet acknowledged."""

    def __init__(self, connection: Connection, outbox: Outbox, prefix: str) -> None:
        """`prefix` is the topic under which those of the events lie: `fer/<device>`."""
        self.connection = connection
        self._outbox, self._prefix = outbox, prefix
        self._unacknowledged: dict[int, int] = {}  # id of the message -> number of the event in the outbox
        self._last = 0  # number of the last event that was sent

    def send(self) -> None:
        """Send the next events, oldest first, up to the connection's limit of unacknowledged messages."""
        if not self._unacknowledged and not self._outbox.after(self._last, 1):
            self._last = 0  # the events may be in a file that could not be read until now
        for row in self._outbox.after(self._last, self.connection.in_flight - len(self._unacknowledged)):
            message_id = self.connection.publish(f"{self._prefix}/{row.topic}", row.payload)
            self._unacknowledged[message_id] = self._last = row.number

    def is_event(self, acknowledgement: Acknowledgement) -> bool:
        """Whether it acknowledges an event, and not another message."""
        return acknowledgement.mid in self._unacknowledged

    def settle(self, acknowledgement: Acknowledgement) -> None:
        """Remove the acknowledged event."""
        self._outbox.remove(self._unacknowledged.pop(acknowledgement.mid))


class Delivery:
    """Sends the events of an outbox in order, in its own thread, so that a slow disk delays no frame.

    Each connection starts with the oldest event that is not acknowledged. A reconnect may resend up to
    `connection.in_flight` unacknowledged events, but no event is sent twice on one connection. Old events are sent
    before new ones. An event that the broker refuses is dropped, since it would be refused again;
    if it exceeds a quota, the connection is dropped instead, and everything unacknowledged is sent again later.

    Attributes:
        refused: Number of events that the broker refused.
    """

    def __init__(self, outbox: Outbox, prefix: str, client: Client) -> None:
        """`prefix` is the topic under which those of the events lie: `fer/<device>`."""
        self.refused = 0
        self._outbox, self._prefix, self._client = outbox, prefix, client
        self._transfer: Transfer | None = None
        self._refused_requests: set[str] = set()  # kinds of requests whose refusal has been logged
        self._wake, self._stopping = client.changed, threading.Event()
        self._thread = threading.Thread(target=self._run, name="fer-edge-delivery", daemon=True)

    def start(self) -> None:
        """Start sending."""
        self._thread.start()

    def put(self, payload: str, topic: str) -> None:
        """Add an event. Raises DeliveryError when a thread has failed and nothing would send it."""
        self.check()
        self._outbox.put(payload, topic)
        self._wake.set()

    def check(self) -> None:
        """Raise DeliveryError when a thread has failed: nothing would be sent or received any more."""
        dead = self._thread.ident is not None and not self._thread.is_alive() and not self._stopping.is_set()
        if dead or self._client.failed:
            raise DeliveryError("the delivery of events has failed; the log has the reason")

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until the broker is connected and has every event. Returns whether it has."""
        deadline = time.monotonic() + timeout
        while not (arrived := bool(self._client.connection) and not len(self._outbox)) and time.monotonic() < deadline:
            time.sleep(FLUSH_POLL_INTERVAL)
        return arrived

    def close(self, timeout: float) -> None:
        """Stop sending, within `timeout` seconds. Waiting events stay in the outbox."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is None:
            return
        self._thread.join(timeout)
        if self._thread.is_alive():
            log.warning("the delivery of events did not stop within %g seconds: is the disk blocked?", timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(POLL_INTERVAL)
            self._wake.clear()
            self._step()
        if self._transfer:
            self._settle(self._transfer)

    def _step(self) -> None:
        self._outbox.commit()
        connection = self._client.connection
        if self._transfer:
            self._settle(self._transfer)
        if connection is not (self._transfer.connection if self._transfer else None):
            self._transfer = Transfer(connection, self._outbox, self._prefix) if connection else None
        if self._transfer and len(self._outbox):
            self._transfer.send()

    def _settle(self, transfer: Transfer) -> None:
        for acknowledgement in transfer.connection.acknowledgements():
            self._log_refusal(acknowledgement)
            if not transfer.is_event(acknowledgement):
                continue
            if acknowledgement.retryable:
                transfer.connection.abort(f"accepts no more messages: {acknowledgement.refusal}")
                return
            self.refused += bool(acknowledgement.refusal)  # first: once the outbox is empty, `flush` returns
            transfer.settle(acknowledgement)

    def _log_refusal(self, acknowledgement: Acknowledgement) -> None:
        """Log a refusal when it begins, not for each message."""
        if not acknowledgement.refusal:
            self._refused_requests.discard(acknowledgement.request)
        elif acknowledgement.request not in self._refused_requests:
            self._refused_requests.add(acknowledgement.request)
            log.warning("the broker refuses %s: %s", acknowledgement.request, acknowledgement.refusal)
