"""Events that wait for the broker: on disk before they are sent, and until the broker has acknowledged them."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from pathlib import Path

from fer_edge.backoff import Backoff
from fer_edge.clock import Clock
from fer_edge.errors import UsageError
from fer_edge.mqtt.memory_queue import MemoryQueue
from fer_edge.mqtt.outbox_store import Limit, Row, Store, error_code, is_damage, set_aside

log = logging.getLogger(__name__)

DISK_LIMIT = Limit(events=100_000, size=64_000_000)  # a day at one event per second
MEMORY_LIMIT = Limit(events=20_000, size=16_000_000)
COMMIT_INTERVAL = 0.5  # seconds between two commits; each costs a write to the disk
COMMIT_AT_ONCE = 200  # waiting events that are committed before the interval is over
COMMIT_BATCH = 1000  # events in one commit
PURGE_INTERVAL = 5.0  # seconds that delivered events may stay on disk when nothing else is to be written
DISK_BACKOFF = Backoff(first=1.0, longest=60.0)
LATE_FIRST_NUMBER = 2**40  # of a run that could not open its file at first: higher than any number that may be in it


class Outbox:
    """A first-in, first-out store. An event may be sent once `after` returns it, and leaves by `remove`.

    With a path, an event waits in memory for the next commit, at most half a second, and is returned once it is on
    disk; commits are few, to spare an SD card. While the disk is full, read-only or unavailable, events are kept in
    memory and returned from there, and written to disk in order when it works again. Without a path they live in
    memory only. When the outbox is full, the oldest event is dropped and counted in `lost`.

    `put`, `len` and the attributes may be used from any thread, everything else from one thread only.

    Attributes:
        lost: Number of events dropped because the outbox was full or its file damaged.
        problem: Why the disk cannot be written; empty while it can.
    """

    def __init__(
        self,
        path: Path | None = None,
        limit: Limit | None = None,
        *,
        memory_limit: Limit = MEMORY_LIMIT,
        clock: Clock | None = None,
    ) -> None:
        """Open the file.

        Args:
            path: The file; None to keep events in memory only.
            limit: How much may wait.
            memory_limit: With a path, how much of that may wait in memory.
            clock: The monotonic clock for commits and retries.

        Raises:
            UsageError: The folder does not exist, or another process uses the file.
        """
        self.lost = 0
        self.problem = ""
        self._path, self._limit, self._clock = path, limit or DISK_LIMIT, clock or Clock()
        self._store: Store | None = None
        self._lock = threading.Lock()  # guards what `put` changes
        self._memory = MemoryQueue(memory_limit if path else limit or memory_limit)  # what is not on disk
        self._number = self._count = 0  # number of the newest event; number of waiting events
        self._delivered: set[int] = set()  # numbers of acknowledged events that are still on disk
        self._committed_at = -PURGE_INTERVAL
        self._retry_at, self._retry_delays = 0.0, DISK_BACKOFF.delays()
        if path:
            self._open_first(path)

    def __len__(self) -> int:
        return self._count

    @property
    def stored(self) -> int:
        """The number of the newest event that is safe on disk."""
        return self._store.last if self._store else 0

    def put(self, payload: str) -> None:
        """Add an event. Never fails and never waits for a disk."""
        with self._lock:
            self._number, self._count = self._number + 1, self._count + 1
            self._count_dropped(self._memory.append((self._number, payload)))

    def after(self, number: int, count: int) -> list[Row]:
        """At most `count` events that were added after the one of this number, oldest first: (number, payload)."""
        rows: list[Row] = []
        if self._store:
            try:
                found = self._store.after(number, count + len(self._delivered))
                rows = [row for row in found if row[0] not in self._delivered][:count]
            except sqlite3.Error as error:
                self._fail(error)
        if len(rows) < count and (self.problem or not self._path):
            with self._lock:
                rows += self._memory.after(number, count - len(rows))
        return rows

    def remove(self, number: int) -> None:
        """Remove an acknowledged event."""
        with self._lock:
            self._count -= 1
            if self._memory.remove(number):
                return
            if self._store:
                self._delivered.add(number)
            else:
                self._uncount_dropped(1)

    def commit(self, *, now: bool = False) -> None:
        """Write waiting events to disk and delete delivered ones, if that is due or if `now` is set."""
        time = self._clock.monotonic()
        if not self._path or not (now or self._is_due(time)):
            return
        with self._lock:
            batch = self._memory.take(COMMIT_BATCH)
        try:
            self._store = self._store or self._open_later(self._path)
            removed, lost = self._store.commit(self._delivered, batch, self._limit)
        except sqlite3.Error as error:
            with self._lock:
                self._count_dropped(self._memory.give_back(batch))
            self._fail(error)
            return
        with self._lock:
            self._count_dropped(lost)
            self._uncount_dropped(len(self._delivered) - removed)
        self._delivered.clear()
        self._committed_at = time
        if self.problem:
            log.info("outbox %s: is writable again", self._path)
            self.problem, self._retry_delays = "", DISK_BACKOFF.delays()

    def close(self) -> None:
        """Commit waiting events and close the file; what is in it stays."""
        while self._memory and self._path and not self.problem:
            self.commit(now=True)
        self.commit(now=True)
        if self._store:
            self._store.close()

    def _is_due(self, now: float) -> bool:
        if self.problem:
            return now >= self._retry_at
        waited = now - self._committed_at
        if self._memory:
            return waited >= COMMIT_INTERVAL or len(self._memory) >= COMMIT_AT_ONCE
        return bool(self._delivered) and (waited >= PURGE_INTERVAL or len(self._delivered) >= COMMIT_BATCH)

    def _count_dropped(self, count: int) -> None:
        """Count events that were dropped. The lock is held."""
        self._count -= count
        self.lost += count

    def _uncount_dropped(self, count: int) -> None:
        """Correct the counts for events that were dropped after sending but acknowledged anyway."""
        self._count += count
        self.lost -= count

    def _open_first(self, path: Path) -> None:
        if path.is_dir() or not path.parent.is_dir():
            raise UsageError(f"{path}: expected a file in an existing folder, or memory", setting="mqtt.outbox")
        try:
            self._store = _open(path)
            self._number, self._count = self._store.last, self._store.count
        except sqlite3.Error as error:
            if error_code(error) == sqlite3.SQLITE_BUSY:
                raise UsageError(
                    f"{path}: another process uses it", setting="mqtt.outbox", cure="give each its own"
                ) from error
            self._number = LATE_FIRST_NUMBER
            self._fail(error)

    def _open_later(self, path: Path) -> Store:
        store = _open(path)
        if store.last >= self._number:  # the events of the other process and ours have the same numbers
            store.close()
            raise sqlite3.OperationalError("another process has written it")
        with self._lock:
            self._count += store.count
        return store

    def _fail(self, error: sqlite3.Error) -> None:
        """Continue in memory, and retry later."""
        if self._store and self._path and is_damage(error):
            with self._lock:
                self._count_dropped(self._store.count - len(self._delivered))
            self._store.close()
            self._store = None
            self._delivered.clear()
            with contextlib.suppress(sqlite3.OperationalError):
                _set_damaged_aside(self._path, error)
        self._retry_at = self._clock.monotonic() + next(self._retry_delays)
        if not self.problem:
            log.warning("outbox %s: %s; events are kept in memory", self._path, error)
        self.problem = str(error)


def _open(path: Path) -> Store:
    """Open the file; set a damaged one aside and create a new one. Raises sqlite3.Error."""
    try:
        return Store(path)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        _set_damaged_aside(path, error)
        return Store(path)


def _set_damaged_aside(path: Path, error: sqlite3.Error) -> None:
    log.warning("outbox %s: %s; moved to %s; starting a new one", path, error, set_aside(path))
