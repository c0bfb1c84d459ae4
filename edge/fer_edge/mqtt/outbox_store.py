"""The file in which events, minutes and moods wait: SQLite, synced before they are sent. All are called events here."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fer_edge.database_file import LOCK_TIMEOUT, WAL, beside
from fer_edge.mqtt.topics import EVENT, MINUTE, MOOD

PAGE_SIZE = 1024  # bytes, and the least that a commit writes: two events
WAL_PAGES = 100  # in the write-ahead log, which go into the file then; damage to the log can lose as much unnoticed
WAL_LIMIT = 4_000_000  # bytes of the write-ahead log that are kept after a burst
MIN_NUMBER = -(2**63)  # that SQLite can hold
MAX_NUMBER = 2**62  # of an event; a higher one is damage, and SQLite could not count much further
VERSION = 1  # of the file, SQLite's user_version; files of version 0 have events only, and no topic
OLD_COLUMNS = [("number", "INTEGER", 1), ("payload", "TEXT", 0)]  # name, type, whether it is the key
COLUMNS = {0: OLD_COLUMNS, VERSION: [*OLD_COLUMNS, ("topic", "TEXT", 0)]}
TOPICS = {name.encode(): name for name in (EVENT, MINUTE, MOOD)}  # any other topic in the file is damage
TOPIC = "topic TEXT NOT NULL DEFAULT 'event'"
CREATE = f"CREATE TABLE event (number INTEGER PRIMARY KEY, payload TEXT NOT NULL, {TOPIC})"
UPGRADE = f"ALTER TABLE event ADD COLUMN {TOPIC}"
SET_VERSION = f"PRAGMA user_version = {VERSION}"
OBJECTS = "SELECT name FROM sqlite_master WHERE name != 'sqlite_sequence'"  # which AUTOINCREMENT needed in old files
SHAPE = "SELECT name, upper(type), pk FROM pragma_table_info('event')"
READ = (
    "SELECT number, typeof(payload), CAST(payload AS BLOB), CAST({topic} AS BLOB) "
    "FROM event WHERE number >= ? ORDER BY number LIMIT ?"
)
INSERT = "INSERT {conflict} INTO event (number, payload, topic) VALUES (?, ?, ?)"
OLDEST = "SELECT min(number) FROM event"
DELETE = "DELETE FROM event WHERE number = ? RETURNING length(CAST(payload AS BLOB))"


class DamagedError(sqlite3.DatabaseError):
    """The file is not as this program has written it."""


class Row(NamedTuple):
    """A message that waits.

    Attributes:
        number: Its place in the order.
        payload: What is published.
        topic: Where, below `fer/<device>/`.
    """

    number: int
    payload: str
    topic: str = EVENT


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

    def __init__(self, path: Path, *, check: bool = True) -> None:
        """Open the file, or create it for this user alone.

        Args:
            path: The file.
            check: Whether to read the whole file and count its events; without that it can only be read and closed.

        Raises:
            DamagedError: It belongs to another program or to a newer version, or `check` has found a defect.
            sqlite3.Error: It cannot be opened.
        """
        path = path.absolute()  # SQLite does not take it for `:memory:`, or for a URI
        self.count = self.size = self.last = 0
        with contextlib.suppress(OSError):  # SQLite reports it
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._database = sqlite3.connect(path, timeout=LOCK_TIMEOUT, isolation_level=None, check_same_thread=False)
        try:
            self._open()
            if check:
                self.count, self.size, self.last = self._check()
            self._files = [(file, _identity(file)) for file in (path, beside(path, WAL))]
        except sqlite3.Error:
            self._database.close()
            raise

    def _open(self) -> None:
        self._database.execute("PRAGMA locking_mode = EXCLUSIVE")  # needs no -shm file
        objects = [name for (name,) in self._database.execute(OBJECTS)]
        ((version,),) = self._database.execute("PRAGMA user_version")
        if version not in COLUMNS:
            raise DamagedError(f"of another version ({version})")
        if objects and (objects != ["event"] or self._database.execute(SHAPE).fetchall() != COLUMNS[version]):
            raise DamagedError("not an outbox")
        self._version = version if objects else VERSION
        for pragma in (
            f"page_size = {PAGE_SIZE}",
            "journal_mode = WAL",
            "synchronous = FULL",  # with NORMAL a power failure takes the last commits
            f"wal_autocheckpoint = {WAL_PAGES}",
            f"journal_size_limit = {WAL_LIMIT}",
        ):
            self._database.execute(f"PRAGMA {pragma}")
        if not objects:
            with self._transaction():
                self._database.execute(CREATE)
                self._database.execute(SET_VERSION)

    def _check(self) -> tuple[int, int, int]:
        ((result,),) = self._database.execute("PRAGMA quick_check(1)")
        if result != "ok":
            raise DamagedError(result.splitlines()[-1])
        count = size = last = 0
        for number, row in self.read():
            if row is None or not 0 < number <= MAX_NUMBER:
                raise DamagedError(f"event {number} is unreadable")
            count, size, last = count + 1, size + len(row.payload.encode()), number
        return count, size, last

    def read(self, first: int = MIN_NUMBER, count: int = -1) -> Iterator[tuple[int, Row | None]]:
        """Yield each number from `first` on, lowest first, with its event, or None for one that is unreadable.

        Args:
            first: The lowest number.
            count: How many at most; -1 for all.

        Raises:
            sqlite3.Error: The rest is unreadable.
        """
        read = READ.format(topic="topic" if self._version else f"'{EVENT}'")
        for number, kind, content, topic in self._database.execute(read, (first, count)):
            try:
                yield number, Row(number, content.decode(), TOPICS[topic]) if kind == "text" else None
            except (UnicodeDecodeError, KeyError):
                yield number, None

    def after(self, number: int, count: int) -> list[Row]:
        """At most `count` events with a higher number than this, oldest first. Raises sqlite3.Error."""
        rows = []
        for found, row in self.read(number + 1, count):
            if row is None:
                raise DamagedError(f"event {found} is unreadable")
            rows.append(row)
        return rows

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
            size = self.size + sum(len(row.payload.encode()) for row in new)
            self._database.executemany(INSERT.format(conflict=""), new)
            removed = lost = 0
            for number in delivered:
                for (octets,) in self._delete(number):
                    removed, size = removed + 1, size - octets
            while not limit.allows(count - removed - lost, size):
                oldest = self._database.execute(OLDEST).fetchone()[0]
                if oldest is None:
                    raise DamagedError("events are missing")
                for (octets,) in self._delete(oldest):
                    lost, size = lost + 1, size - octets
        self.count, self.size = count - removed - lost, size
        self.last = max(self.last, *(row.number for row in new), 0)
        return removed, lost

    def _delete(self, number: int) -> list[tuple[int]]:
        return self._database.execute(DELETE, (number,)).fetchall()

    def add(self, rows: Collection[Row]) -> None:
        """Add events in any order, except those whose number is there already. Raises sqlite3.Error."""
        with self._transaction():
            self.count += self._database.executemany(INSERT.format(conflict="OR IGNORE"), rows).rowcount

    def renumber(self) -> None:
        """Number the events from 1 on, in their order. Raises sqlite3.Error."""
        numbers = [number for number, _ in self.read()]
        with self._transaction():
            self._database.executemany("UPDATE event SET number = ? WHERE number = ?", enumerate(numbers, 1))
        self.last = len(numbers)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Change the file: all or nothing. The first change also brings a file of an old version up to date."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            if self._version < VERSION:
                self._database.execute(UPGRADE)
                self._database.execute(SET_VERSION)
            yield
            self._database.execute("COMMIT")
            self._version = VERSION
        except BaseException:
            if self._database.in_transaction:  # after some errors SQLite has rolled back already
                self._database.execute("ROLLBACK")
            raise

    @property
    def replaced(self) -> bool:
        """Whether its path has another file, or none: what is written now would be lost at the end of the process."""
        return _identity(self._files[0][0]) != self._files[0][1]

    @property
    def detached(self) -> bool:
        """Whether the path of the file or of its write-ahead log has another file now, or none."""
        return any(_identity(path) != identity for path, identity in self._files)

    def close(self) -> None:
        """Close the file; what is in it stays."""
        self._database.close()


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one that takes its name; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
