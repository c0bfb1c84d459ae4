"""Events on disk until the broker has them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from .errors import FerError, UsageError

LIMIT = 100_000  # events; about 50 MB


class OutboxError(FerError, OSError):
    """The outbox can no longer be written: a full disk, mostly."""


class Outbox:
    """A first-in, first-out store in SQLite. An event is put in before it is sent and removed when it is acknowledged.

    Without a path it lives in memory and goes with the process. When it is full the oldest event goes, and is counted
    in `lost`. Used from one thread only.
    """

    def __init__(self, path: Path | None = None, limit: int = LIMIT) -> None:
        """Raises UsageError when `path` cannot be opened, or is no outbox."""
        self.lost = 0
        self._path = path or "in memory"
        self._limit = limit
        try:
            self._database = sqlite3.connect(path or ":memory:", isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS event (number INTEGER PRIMARY KEY AUTOINCREMENT, payload TEXT NOT NULL)"
            )
            self._count: int = self._database.execute("SELECT count(*) FROM event").fetchone()[0]
        except sqlite3.Error as error:
            raise UsageError(f"--outbox {path}: {error}; give a file in a folder that can be written") from error

    def __len__(self) -> int:
        return self._count

    def put(self, payload: str) -> None:
        """Store an event behind the others. Raises OutboxError when the disk is full."""
        if self._count >= self._limit:
            self._count -= self._write("DELETE FROM event WHERE number = (SELECT min(number) FROM event)")
            self.lost += 1
        self._count += self._write("INSERT INTO event (payload) VALUES (?)", payload)

    def after(self, number: int, count: int) -> list[tuple[int, str]]:
        """Up to `count` events behind the one of this number, oldest first, each as (number, payload)."""
        return self._database.execute(
            "SELECT number, payload FROM event WHERE number > ? ORDER BY number LIMIT ?", (number, count)
        ).fetchall()

    def remove(self, number: int) -> None:
        """Forget an event that has arrived. Raises OutboxError when the disk is full."""
        self._count -= self._write("DELETE FROM event WHERE number = ?", number)

    def _write(self, statement: str, *values: object) -> int:
        """Execute a statement and return how many rows it touched."""
        try:
            return self._database.execute(statement, values).rowcount
        except sqlite3.Error as error:
            raise OutboxError(f"outbox {self._path}: {error}; make room on its disk") from error

    def close(self) -> None:
        """Close the file; what is in it stays."""
        self._database.close()
