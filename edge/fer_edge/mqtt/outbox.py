"""Events that wait for the broker: on disk before they are sent, there until they have arrived."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from fer_edge.errors import UsageError
from fer_edge.mqtt.outbox_store import Limit, Row, Store, is_damage, set_aside

log = logging.getLogger(__name__)

ON_DISK = Limit(events=100_000, size=64_000_000)  # a day at one a second
IN_MEMORY = Limit(events=20_000, size=16_000_000)
COMMIT_INTERVAL = 0.5  # seconds between two commits; each costs a write to the disk
RUSH = 200  # events that do not wait for the interval
BATCH = 1000  # events in one commit
FORGET_INTERVAL = 5.0  # seconds that what has arrived may stay on disk when nothing else is to be written
RETRY = (1.0, 60.0)  # seconds between two tries of a disk that fails: the first, the longest
LATER = 2**40  # added to the numbers of a run that finds its file only later: they come behind all that may be in it


class Outbox:
    """A first-in, first-out store. An event may be sent when `after` gives it, and leaves by `remove`.

    With a path an event waits in memory for the next commit, at most half a second, and is given out once it is on
    disk; commits are few, for the sake of an SD card. While the disk is full, read-only or gone, events are kept in
    memory and given out from there, and brought to disk in order when it works again. Without a path they live in
    memory only. When it is full the oldest event goes, and is counted in `lost`.

    `put`, `len` and the counts may be used from any thread, all else from one only.
    """

    def __init__(
        self,
        path: Path | None = None,
        limit: Limit | None = None,
        *,
        in_memory: Limit = IN_MEMORY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the file. Raises UsageError when it lies in no folder, or another process has it."""
        self.lost = 0
        self.problem = ""  # why the disk cannot be written
        self._path, self._limit, self._in_memory, self._clock = path, limit or ON_DISK, in_memory, clock
        if not path:
            self._in_memory = limit or in_memory
        self._store: Store | None = None
        self._lock = threading.Lock()  # guards what `put` touches
        self._waiting: deque[Row] = deque()  # not on disk
        self._waiting_size = 0
        self._number = self._count = 0
        self._left: set[int] = set()  # has arrived and is still on disk
        self._committed = -FORGET_INTERVAL
        self._retry_at, self._pause = 0.0, RETRY[0]
        if path:
            self._open_first(path)

    def __len__(self) -> int:
        return self._count

    @property
    def stored(self) -> int:
        """The number of the last event that is safe on disk."""
        return self._store.last if self._store else 0

    def put(self, payload: str) -> None:
        """Add an event behind the others. Never fails and never waits for a disk."""
        with self._lock:
            self._number, self._count = self._number + 1, self._count + 1
            self._waiting.append((self._number, payload))
            self._waiting_size += len(payload.encode())
            self._trim()

    def after(self, number: int, count: int) -> list[Row]:
        """Up to `count` events behind the one of this number, oldest first, each as (number, payload)."""
        rows: list[Row] = []
        if self._store:
            try:
                found = self._store.after(number, count + len(self._left))
                rows = [row for row in found if row[0] not in self._left][:count]
            except sqlite3.Error as error:
                self._fail(error)
        if len(rows) < count and (self.problem or not self._path):
            with self._lock:
                behind = (row for row in self._waiting if row[0] > number)
                rows += [row for row, _ in zip(behind, range(count - len(rows)), strict=False)]
        return rows

    def remove(self, number: int) -> None:
        """Forget an event that has arrived."""
        with self._lock:
            self._count -= 1
            for place, (waiting, payload) in enumerate(self._waiting):
                if waiting == number:
                    del self._waiting[place]
                    self._waiting_size -= len(payload.encode())
                    return
                if waiting > number:
                    break
            if self._store:
                self._left.add(number)
            else:
                self._restore(1)

    def commit(self, *, now: bool = False) -> None:
        """Bring to disk what waits in memory, and take from it what has arrived, when it is time, or `now`."""
        time_now = self._clock()
        if not self._path or not (now or self._is_due(time_now)):
            return
        batch = self._take(BATCH)
        try:
            self._store = self._store or self._open_later(self._path)
            removed, lost = self._store.commit(self._left, batch, self._limit)
        except sqlite3.Error as error:
            self._give_back(batch)
            self._fail(error)
            return
        with self._lock:
            self._lose(lost)
            self._restore(len(self._left) - removed)
        self._left.clear()
        self._committed = time_now
        if self.problem:
            log.info("outbox %s: can be written again", self._path)
            self.problem, self._pause = "", RETRY[0]

    def close(self) -> None:
        """Commit what waits and close the file; what is in it stays."""
        while self._waiting and self._path and not self.problem:
            self.commit(now=True)
        self.commit(now=True)
        if self._store:
            self._store.close()

    def _is_due(self, now: float) -> bool:
        if self.problem:
            return now >= self._retry_at
        if self._waiting:
            return now - self._committed >= COMMIT_INTERVAL or len(self._waiting) >= RUSH
        return bool(self._left) and (now - self._committed >= FORGET_INTERVAL or len(self._left) >= BATCH)

    def _take(self, count: int) -> list[Row]:
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]
            self._waiting_size -= sum(len(payload.encode()) for _, payload in batch)
        return batch

    def _give_back(self, batch: list[Row]) -> None:
        with self._lock:
            self._waiting.extendleft(reversed(batch))
            self._waiting_size += sum(len(payload.encode()) for _, payload in batch)
            self._trim()

    def _trim(self) -> None:
        while not self._in_memory.holds(len(self._waiting), self._waiting_size):
            self._waiting_size -= len(self._waiting.popleft()[1].encode())
            self._lose(1)

    def _lose(self, count: int) -> None:
        self._count -= count
        self.lost += count

    def _restore(self, count: int) -> None:
        """What was let go while it was under way, and then arrived, was not lost, and had left already."""
        self._count += count
        self.lost -= count

    def _open_first(self, path: Path) -> None:
        if path.is_dir() or not path.parent.is_dir():
            raise UsageError(f"{path}: expected a file in an existing folder, or memory", setting="mqtt.outbox")
        try:
            self._store = _open(path)
            self._number, self._count = self._store.last, self._store.count
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_BUSY:
                raise UsageError(
                    f"{path}: another process uses it", setting="mqtt.outbox", cure="give each its own"
                ) from error
            self._number = LATER
            self._fail(error)

    def _open_later(self, path: Path) -> Store:
        store = _open(path)
        if store.last >= self._number:  # its events and ours would be taken for each other
            store.close()
            raise sqlite3.OperationalError("another process has written it")
        with self._lock:
            self._count += store.count
        return store

    def _fail(self, error: sqlite3.Error) -> None:
        """Go on in memory, and try again later."""
        if self._store and self._path and is_damage(error):
            with self._lock:
                self._lose(self._store.count - len(self._left))
            self._store.close()
            self._store = None
            self._left.clear()
            with contextlib.suppress(sqlite3.OperationalError):
                _say_damaged(self._path, error)
        self._retry_at = self._clock() + self._pause
        self._pause = min(2 * self._pause, RETRY[1])
        if not self.problem:
            log.warning("outbox %s: %s; going on in memory", self._path, error)
        self.problem = str(error)


def _open(path: Path) -> Store:
    """Open the file; one that is damaged is set aside and said, and a new one made. Raises sqlite3.Error."""
    try:
        return Store(path)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        _say_damaged(path, error)
        return Store(path)


def _say_damaged(path: Path, error: sqlite3.Error) -> None:
    log.warning("outbox %s: %s; it is now %s, and a new one is begun", path, error, set_aside(path))
