"""The file in which events wait: SQLite, synced before they are sent."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

Row = tuple[int, str]  # number, payload

PAGE_SIZE = 1024  # bytes, and the least that a commit writes: two events
WAL_LIMIT = 4_000_000  # bytes of the write-ahead log that are kept after a burst
LOCK_TIMEOUT = 1.0  # seconds for another process to close the file
PRIMARY_CODE = 0xFF  # the bits of an extended error code of SQLite that hold the plain one
COUNT = "SELECT count(*), ifnull(sum(length(CAST(payload AS BLOB))), 0), ifnull(max(number), 0) FROM event"
OLDEST = "SELECT min(number) FROM event"
DELETE = "DELETE FROM event WHERE number = ? RETURNING length(CAST(payload AS BLOB))"


@dataclass(frozen=True)
class Limit:
    """How much may wait.

    Attributes:
        events: Number of events.
        size: Bytes of their payloads.
    """

    events: int
    size: int

    def allows(self, events: int, size: int) -> bool:
        """Whether this many events with this many bytes may wait."""
        return events <= self.events and size <= self.size


class Store:
    """Numbered events in a file, oldest first. What `commit` has written survives a kill and a power failure.

    Used by one process at a time, and by one of its threads at a time.

    Attributes:
        count: Number of events in the file.
        size: Bytes of their payloads.
        last: The highest number.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or create it. Raises sqlite3.Error."""
        self._database = sqlite3.connect(path, timeout=LOCK_TIMEOUT, isolation_level=None, check_same_thread=False)
        try:
            self.count, self.size, self.last = self._open()
        except sqlite3.Error:
            self._database.close()
            raise

    def _open(self) -> tuple[int, int, int]:
        for pragma in (
            f"page_size = {PAGE_SIZE}",
            "locking_mode = EXCLUSIVE",  # needs no -shm file
            "journal_mode = WAL",
            "synchronous = FULL",  # with NORMAL a power failure takes the last commits
            f"journal_size_limit = {WAL_LIMIT}",
        ):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE IF NOT EXISTS event (number INTEGER PRIMARY KEY, payload TEXT NOT NULL)")
        found: tuple[int, int, int] = self._database.execute(COUNT).fetchone()
        return found

    def after(self, number: int, count: int) -> list[Row]:
        """At most `count` events with a higher number than this, oldest first. Raises sqlite3.Error."""
        return self._database.execute(
            "SELECT number, payload FROM event WHERE number > ? ORDER BY number LIMIT ?", (number, count)
        ).fetchall()

    def commit(self, delivered: Collection[int], new: Collection[Row], limit: Limit) -> tuple[int, int]:
        """Add new events, delete delivered ones, and drop the oldest beyond the limit, in one transaction.

        Args:
            delivered: Numbers of the events to delete; those that are not in the file are ignored.
            new: The events to add.
            limit: How much may be in the file.

        Returns:
            How many events were deleted, and how many were dropped.

        Raises:
            sqlite3.Error: Nothing has changed.
        """
        with self._transaction():
            count = self.count + len(new)
            size = self.size + sum(len(payload.encode()) for _, payload in new)
            self._database.executemany("INSERT INTO event (number, payload) VALUES (?, ?)", new)
            removed = lost = 0
            for number in delivered:
                for (octets,) in self._delete(number):
                    removed, size = removed + 1, size - octets
            while not limit.allows(count - removed - lost, size):
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
            if self._database.in_transaction:  # after some errors SQLite has rolled back already
                self._database.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file; what is in it stays."""
        self._database.close()


def error_code(error: sqlite3.Error) -> int:
    """SQLite's code for what went wrong, such as sqlite3.SQLITE_FULL; 0 if it has none."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & PRIMARY_CODE


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is damaged, rather than the disk unavailable."""
    return error_code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def set_aside(path: Path) -> Path:
    """Rename a damaged file and its write-ahead log, replacing any that were set aside before.

    Returns:
        The new path.

    Raises:
        sqlite3.OperationalError: The folder cannot be written.
    """
    aside = path.with_name(path.name + ".damaged")
    try:
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + suffix).replace(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise sqlite3.OperationalError(f"damaged, and cannot be moved: {error.strerror}") from error
    return aside
