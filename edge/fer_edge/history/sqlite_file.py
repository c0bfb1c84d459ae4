"""A history as SQLite: a table `minute` with a row for each minute, from which old rows can be deleted."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fer_edge.database_file import LOCK_TIMEOUT, is_damage, set_aside
from fer_edge.events import rfc3339
from fer_edge.history.rows import COLUMNS, EMOTIONS, rows

log = logging.getLogger(__name__)

TYPES = {**COLUMNS, EMOTIONS: "TEXT"}
SHAPE = "SELECT name, upper(type) FROM pragma_table_info('minute')"
CREATE = f"CREATE TABLE minute ({', '.join(f'{name} {kind}' for name, kind in TYPES.items())}, PRIMARY KEY (id, zone))"
CREATE_INDEX = "CREATE INDEX minute_ts ON minute (ts)"
INSERT = (
    "INSERT OR IGNORE INTO minute VALUES (:id, :ts, :clock_synced, :device, :zone, :duration_s, :observed_s, "
    ":nobody_s, :unsure_s, :face_s, :most_faces, :emotions_s)"
)
DELETE = "DELETE FROM minute WHERE ts < ?"


class SqliteHistory:
    """Adds minutes to a database, which is opened for each write, so that others can use it."""

    def __init__(self, path: Path, days: int | None = None) -> None:
        """Keep minutes for `days`; None for always."""
        self.path, self._days = path, days

    def append(self, messages: Sequence[dict[str, Any]]) -> None:
        """Add minutes and delete those that are too old. A damaged file, or one with other tables, is set aside.

        Raises sqlite3.Error: Nothing was written.
        """
        try:
            self._append(messages)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            aside = set_aside(self.path)
            log.warning("history %s: %s; moved to %s; starting a new one", self.path, error, aside)
            self._append(messages)

    def _append(self, messages: Sequence[dict[str, Any]]) -> None:
        with contextlib.suppress(OSError):  # SQLite reports it
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(self.path.absolute(), timeout=LOCK_TIMEOUT)) as database:
            database.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
            with database:
                database.execute("BEGIN IMMEDIATE")
                self._prepare(database)
                for message in messages:
                    database.executemany(
                        INSERT, [{**row, EMOTIONS: json.dumps(row[EMOTIONS])} for row in rows(message)]
                    )
                if self._days:
                    database.execute(DELETE, (_days_before(messages[-1]["ts"], self._days),))

    @staticmethod
    def _prepare(database: sqlite3.Connection) -> None:
        found = database.execute(SHAPE).fetchall()
        if not found and not database.execute("SELECT 1 FROM sqlite_master").fetchall():
            database.execute(CREATE)
            database.execute(CREATE_INDEX)
        elif found != list(TYPES.items()):
            raise sqlite3.DatabaseError("not a history")


def _days_before(ts: str, days: int) -> str:
    return rfc3339((datetime.fromisoformat(ts) - timedelta(days=days)).timestamp())
