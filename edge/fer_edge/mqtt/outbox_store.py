"""The file in which events wait: SQLite, on disk before anybody hears of them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

Row = tuple[int, str]  # number, payload

PAGE = 1024  # bytes, and the least that a commit writes: two events
WAL_LIMIT = 4_000_000  # bytes of the write-ahead log that are kept after a rush
TIMEOUT = 1.0  # seconds for another process to leave the file
MEASURE = "SELECT count(*), ifnull(sum(length(CAST(payload AS BLOB))), 0), ifnull(max(number), 0) FROM event"
OLDEST = "SELECT min(number) FROM event"
DELETE = "DELETE FROM event WHERE number = ? RETURNING length(CAST(payload AS BLOB))"


@dataclass(frozen=True)
class Limit:
    """How much may wait, in events and in bytes of their payloads."""

    events: int
    size: int

    def holds(self, events: int, size: int) -> bool:
        """Whether this many events, together of this many bytes, may wait."""
        return events <= self.events and size <= self.size


class Store:
    """Numbered events in a file, oldest first. What a `commit` has put there outlives a kill and a power cut.

    count, size: of the events in it, and the bytes of their payloads. last: the highest number.
    Used by one process at a time, and in it by one thread at a time.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it. Raises sqlite3.Error."""
        self._database = sqlite3.connect(path, timeout=TIMEOUT, isolation_level=None, check_same_thread=False)
        try:
            self.count, self.size, self.last = self._open()
        except sqlite3.Error:
            self._database.close()
            raise

    def _open(self) -> tuple[int, int, int]:
        for pragma in (
            f"page_size = {PAGE}",
            "locking_mode = EXCLUSIVE",  # and no -shm file is needed
            "journal_mode = WAL",
            "synchronous = FULL",  # with NORMAL a power cut takes the last commits
            f"journal_size_limit = {WAL_LIMIT}",
        ):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE IF NOT EXISTS event (number INTEGER PRIMARY KEY, payload TEXT NOT NULL)")
        found: tuple[int, int, int] = self._database.execute(MEASURE).fetchone()
        return found

    def after(self, number: int, count: int) -> list[Row]:
        """Up to `count` events behind the one of this number, oldest first. Raises sqlite3.Error."""
        return self._database.execute(
            "SELECT number, payload FROM event WHERE number > ? ORDER BY number LIMIT ?", (number, count)
        ).fetchall()

    def commit(self, gone: Collection[int], new: Collection[Row], limit: Limit) -> tuple[int, int]:
        """Put in what is new, take out the numbers in `gone`, and let the oldest go beyond `limit`: all or nothing.

        Returns how many were taken out, and how many the limit cost. Raises sqlite3.Error; then nothing has changed.
        """
        with self._transaction():
            count = self.count + len(new)
            size = self.size + sum(len(payload.encode()) for _, payload in new)
            self._database.executemany("INSERT INTO event (number, payload) VALUES (?, ?)", new)
            removed = lost = 0
            for number in gone:
                for (octets,) in self._delete(number):
                    removed, size = removed + 1, size - octets
            while not limit.holds(count - removed - lost, size):
                for (octets,) in self._delete(self._database.execute(OLDEST).fetchone()[0]):
                    lost, size = lost + 1, size - octets
        self.count, self.size = count - removed - lost, size
        self.last = max(self.last, *(number for number, _ in new), 0)
        return removed, lost

    def _delete(self, number: int) -> list[tuple[int]]:
        return self._database.execute(DELETE, (number,)).fetchall()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # on some errors SQLite has rolled back already
                self._database.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file; what is in it stays."""
        self._database.close()


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is at fault, and not its disk."""
    # An extended code has the plain one in its lowest byte.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def set_aside(path: Path) -> Path:
    """Move a damaged file and its log out of the way, over those of last time.

    Returns where it lies now. Raises sqlite3.OperationalError when the folder cannot be written.
    """
    aside = path.with_name(path.name + ".damaged")
    try:
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + suffix).replace(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise sqlite3.OperationalError(f"damaged, and cannot be moved: {error.strerror}") from error
    return aside
