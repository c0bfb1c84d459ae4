"""Files of an outbox, what a failing SD card makes of them, and a delivery that takes every event."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tests.support.clock import FakeClock

from fer_edge.mqtt.acknowledgements import Acknowledgement
from fer_edge.mqtt.delivery import Transfer
from fer_edge.mqtt.outbox import COMMIT_INTERVAL, Outbox
from fer_edge.mqtt.outbox_store import PAGE_SIZE

SUFFIXES = ("", "-wal")
CLOSED, KILLED = 120, 80  # events of a run that ended, and of a later one that was killed: these are in the WAL
MAX_MINUTES = 12  # of the delivery, after which every readable event must have been sent


def payload(number: int) -> str:
    """The event of this number, of the size of a real one; no damage of a few bits makes another one of it."""
    return f"{number:04} ä " * 55


def write_outbox(path: Path) -> None:
    """Write CLOSED + KILLED events to an outbox whose last run was killed."""
    first = path.with_name("first.sqlite")
    for start, count in ((0, CLOSED), (CLOSED, KILLED)):
        outbox = Outbox(first)
        for number in range(start, start + count):
            outbox.put(payload(number))
            outbox.commit(now=True)
        if start:
            for suffix in SUFFIXES:
                shutil.copyfile(f"{first}{suffix}", f"{path}{suffix}")
        outbox.close()
    first.unlink()


def damage(path: Path, rng: np.random.Generator) -> str:
    """Damage the file of an outbox or its write-ahead log at random. Returns what was done."""
    file = path.with_name(path.name + str(rng.choice(SUFFIXES)))
    content = np.frombuffer(file.read_bytes(), np.uint8).copy()
    kind = str(rng.choice(["one bit", "bits", "bytes", "page", "block", "copied page", "header", "cut", "appended"]))
    start = int(rng.integers(len(content)))
    page = start // PAGE_SIZE * PAGE_SIZE
    match kind:
        case "one bit":
            content[start] ^= np.uint8(1 << rng.integers(8))
        case "bits":
            content[rng.integers(len(content), size=rng.integers(2, 40))] ^= np.uint8(1 << rng.integers(8))
        case "bytes":
            content[start : start + 600] = rng.integers(256, size=len(content[start : start + 600]))
        case "page":
            content[page : page + PAGE_SIZE] = 0
        case "block":
            content[page : page + 8 * PAGE_SIZE] = rng.choice([0, 255])
        case "copied page":
            other = int(rng.integers(len(content) // PAGE_SIZE)) * PAGE_SIZE
            part = content[other : other + PAGE_SIZE].copy()
            content[page : page + PAGE_SIZE] = part[: len(content[page : page + PAGE_SIZE])]
        case "header":
            content[rng.integers(110)] = rng.integers(256)
        case "cut":
            content = content[:start]
        case "appended":
            content = np.append(content, rng.integers(256, size=5000, dtype=np.uint8))
    file.write_bytes(content.tobytes())
    return f"{kind} at {start} of {file.name}"


@dataclass
class PromptConnection:
    """A connection that acknowledges every event at once.

    Attributes:
        received: The payloads that were sent, in order.
        topics: Where to.
    """

    in_flight: int = 20
    received: list[str] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)

    def publish(self, topic: str, payload: str) -> int:
        self.received.append(payload)
        self.topics.append(topic)
        return len(self.received)


def deliver(outbox: Outbox, clock: FakeClock, connection: PromptConnection | None = None) -> list[str]:
    """Send what waits in an outbox as `Delivery` does, for MAX_MINUTES. Returns the payloads in their order."""
    connection = connection or PromptConnection()
    transfer = Transfer(connection, outbox, "fer/cam")  # type: ignore[arg-type]
    deadline = clock.now + MAX_MINUTES * 60
    while len(outbox) and clock.now < deadline:
        clock.advance(COMMIT_INTERVAL if not outbox.problem else 60)
        outbox.commit()
        sent = len(connection.received)
        transfer.send()
        for mid in range(sent + 1, len(connection.received) + 1):
            transfer.settle(Acknowledgement(mid, "event", "", retryable=False))
    return connection.received
