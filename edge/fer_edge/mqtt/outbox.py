"""Messages that wait for the broker: on disk before they are sent, and until the broker has acknowledged them.

Most are events, and all are called so here.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from pathlib import Path

from fer_edge.backoff import Backoff
from fer_edge.clock import Clock
from fer_edge.database_file import error_code, is_damage
from fer_edge.errors import UsageError
from fer_edge.mqtt.memory_queue import MemoryQueue
from fer_edge.mqtt.outbox_recovery import open_store, rebuild
from fer_edge.mqtt.outbox_store import Limit, Row, Store
from fer_edge.mqtt.topics import EVENT

log = logging.getLogger(__name__)

DISK_LIMIT = Limit(events=100_000, size=64_000_000)  # a day at one event per second
MEMORY_LIMIT = Limit(events=20_000, size=16_000_000)
COMMIT_INTERVAL = 0.5  # seconds between two commits; each costs a write to the disk
COMMIT_AT_ONCE = 200  # waiting events that are committed before the interval is over
COMMIT_BATCH = 1000  # events in one commit
PURGE_INTERVAL = 5.0  # seconds that delivered events may stay on disk when nothing else is to be written
DISK_BACKOFF = Backoff(first=1.0, longest=60.0)
REBUILD_INTERVAL = 60.0  # minimum seconds between two attempts to rebuild a damaged file, as each keeps it
LATE_FIRST_NUMBER = 2**40  # of a run that could not open its file at first: higher than any number that may be in it


class Outbox:
    """A first-in, first-out store. An event may be sent once `after` returns it, and leaves by `remove`.

    With a path, an event waits in memory for the next commit, at most half a second, and is returned once it is on
    disk; commits are few, to spare an SD card. While the disk is full, read-only or unavailable, events are kept in
    memory and returned from there, and written to disk in order when it works again. Without a path they live in
    memory only. When the outbox is full, the oldest event is dropped and counted in `lost`.

    A file that is damaged, or removed while it is in use, is replaced by a new one with every event that is readable.

    `put`, `len` and the attributes may be used from any thread, everything else from one thread only.

    Attributes:
        path: The file; None for events in memory only.
        lost: Number of events dropped because the outbox was full or its file damaged.
        problem: Why the file cannot be used; empty while it can.
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
        self.path, self._limit, self._clock = path, limit or DISK_LIMIT, clock or Clock()
        self._store: Store | None = None
        self._damage: sqlite3.Error | None = None  # what is wrong with the store; it is rebuilt before it is used
        self._lock = threading.Lock()  # guards what `put` changes
        self._memory = MemoryQueue(memory_limit if path else limit or memory_limit)  # what is not on disk
        self._number = self._count = 0  # number of the newest event; number of waiting events
        self._delivered: set[int] = set()  # numbers of acknowledged events that are still on disk
        self._committed_at = -PURGE_INTERVAL
        self._retry_at, self._retry_delays = 0.0, DISK_BACKOFF.delays()
        self._rebuild_at = -REBUILD_INTERVAL  # not before that time
        if path:
            self._open_first(path)

    def __len__(self) -> int:
        return self._count

    @property
    def stored(self) -> int:
        """The number of the newest event that is safe on disk."""
        return self._store.last if self._store else 0

    @property
    def on_disk(self) -> int:
        """How many of the waiting events are in the file, where the next run finds them."""
        if not self._store or self._damage or self._store.detached:
            return 0
        return min(self._count, self._store.count - len(self._delivered))

    def put(self, payload: str, topic: str = EVENT) -> None:
        """Add an event, or a message for another topic. Never fails and never waits for a disk."""
        with self._lock:
            self._number, self._count = self._number + 1, self._count + 1
            self._count_dropped(self._memory.append(Row(self._number, payload, topic)))

    def after(self, number: int, count: int) -> list[Row]:
        """At most `count` events that were added after the one of this number, oldest first."""
        rows: list[Row] = []
        if self._store and not self._damage:
            try:
                found = self._store.after(number, count + len(self._delivered))
                rows = [row for row in found if row.number not in self._delivered][:count]
            except sqlite3.Error as error:
                self._fail(error)
        if len(rows) < count and (self.problem or not self.path):
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
        if not self.path or not (now or self._is_due(time)):
            return
        with self._lock:
            batch = self._memory.take(COMMIT_BATCH)
        try:
            removed, lost = self._usable_store(self.path).commit(self._delivered, batch, self._limit)
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
            log.info("outbox %s: is writable again", self.path)
            self.problem, self._retry_delays = "", DISK_BACKOFF.delays()

    def save(self) -> None:
        """Commit every waiting event, if the disk allows it."""
        self.commit(now=True)
        while self._memory and self.path and not self.problem:
            self.commit(now=True)

    def close(self) -> None:
        """Commit waiting events and close the file; what is in it stays."""
        self.save()
        if self._store:
            self._store.close()

    def _is_due(self, now: float) -> bool:
        if self.problem:
            return now >= self._retry_at
        waited = now - self._committed_at
        if self._memory:
            return waited >= COMMIT_INTERVAL or len(self._memory) >= COMMIT_AT_ONCE
        if len(self._delivered) >= COMMIT_BATCH:
            return True
        return waited >= PURGE_INTERVAL and (bool(self._delivered) or bool(self._store and self._store.detached))

    def _count_dropped(self, count: int) -> None:
        """Count events that were dropped. The lock is held."""
        self._count -= count
        self.lost += count

    def _uncount_dropped(self, count: int) -> None:
        """Correct the counts for events that were dropped after sending but acknowledged anyway."""
        self._count += count
        self.lost -= count

    def _open_first(self, path: Path) -> None:
        check_path(path)
        try:
            self._store, self.lost = open_store(path)
            self._number, self._count = self._store.last, self._store.count
        except sqlite3.Error as error:
            if error_code(error) == sqlite3.SQLITE_BUSY:
                raise UsageError(
                    f"{path}: another process uses it", setting="mqtt.outbox", cure="give each its own"
                ) from error
            self._number = LATE_FIRST_NUMBER
            self._fail(error)

    def _usable_store(self, path: Path) -> Store:
        """Open the file if that has failed so far; rebuild it if it is damaged or was removed. Raises sqlite3.Error."""
        if not self._store:
            self._store = self._open_later(path)
        elif self._damage or self._store.detached:
            self._rebuild(self._store, path)
        return self._store

    def _open_later(self, path: Path) -> Store:
        store, lost = open_store(path)
        try:
            if store.last >= LATE_FIRST_NUMBER:  # from another run that began without its file, with the same numbers
                store.renumber()
        except sqlite3.Error:
            store.close()
            raise
        with self._lock:
            self._count += store.count
            self.lost += lost
        return store

    def _rebuild(self, store: Store, path: Path) -> None:
        self._rebuild_at = self._clock.monotonic() + REBUILD_INTERVAL
        self._store = rebuild(store, path, self._damage)[0]
        self._damage = None
        with self._lock:
            self._count_dropped(store.count - self._store.count)

    def _fail(self, error: sqlite3.Error) -> None:
        """Rebuild a damaged file. If that fails, or if the disk is the problem, continue in memory and retry later."""
        now = self._clock.monotonic()
        if self._store and self.path and is_damage(error):
            self._damage = error
            if now >= self._rebuild_at:
                try:
                    self._rebuild(self._store, self.path)
                    return
                except sqlite3.Error as failure:
                    error = failure
        self._retry_at = max(now + next(self._retry_delays), self._rebuild_at if self._damage else now)
        if not self.problem:
            log.warning("outbox %s: %s; events are kept in memory", self.path, error)
        self.problem = str(error)


def check_path(path: Path) -> None:
    """Raise UsageError for a path at which no file can be."""
    problem = "expected a file in an existing folder, or memory"
    try:
        if path.absolute().parent.is_dir() and (path.is_file() or not os.path.lexists(path)):
            return
    except OSError as error:
        problem = f"{str(error.strerror).lower()}; {problem}"
    raise UsageError(f"{path}: {problem}", setting="mqtt.outbox")
