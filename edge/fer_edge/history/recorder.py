"""Writes the minutes of a run into a history, in a thread of its own, so that a slow disk delays no frame."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from fer_edge.config.history import CSV, HistoryOptions
from fer_edge.errors import FerError, UsageError
from fer_edge.history.csv_file import CsvHistory
from fer_edge.history.sqlite_file import SqliteHistory
from fer_edge.mqtt.topics import MINUTE
from fer_edge.run.controls import RunControls
from fer_edge.run.observer import RunObserver
from fer_edge.run.status import RunStatus

log = logging.getLogger(__name__)

MAX_PENDING = 1440  # minutes that wait for a disk: a day
FLUSH_TIMEOUT = 1.0  # seconds to write what is left at the end


class HistoryError(FerError):
    """The run ended, and not every minute is in the history."""


class HistoryFile(Protocol):
    """What minutes are written to.

    Attributes:
        path: The file.
    """

    path: Path

    def append(self, messages: Sequence[dict[str, Any]]) -> None:
        """Add minutes. Raises OSError or sqlite3.Error; then nothing was written."""
        ...


class HistoryRecorder(RunObserver):
    """Adds each minute to a file. While that fails, minutes wait in memory and are tried again with the next one."""

    def __init__(self, file: HistoryFile, *, flush_timeout: float = FLUSH_TIMEOUT) -> None:
        self._file, self._flush_timeout = file, flush_timeout
        self._pending: deque[dict[str, Any]] = deque()
        self._lost = 0
        self._problem = ""  # why the last attempt failed
        self._changed = threading.Condition()
        self._new = self._closing = False
        self._thread = threading.Thread(target=self._run, name="fer-edge-history", daemon=True)

    def on_start(self, status: RunStatus, controls: RunControls) -> None:
        """Start the thread."""
        self._thread.start()

    def on_report(self, topic: str, message: dict[str, Any]) -> None:
        """Add a minute, to be written in the background."""
        if topic != MINUTE:
            return
        with self._changed:
            self._pending.append(message)
            if len(self._pending) > MAX_PENDING:
                self._pending.popleft()
                self._lost += 1
            self._new = True
            self._changed.notify_all()

    def finish(self) -> None:
        """Write what is left. Raises HistoryError if a minute could not be written."""
        with self._changed:
            self._new = bool(self._pending)
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._pending, self._flush_timeout)
            missing = self._lost + len(self._pending)
        if missing:
            reason = self._problem or "the disk does not answer"
            raise HistoryError(f"history {self._file.path}: {missing} minutes were not written: {reason}")

    def close(self) -> None:
        """Stop the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(self._flush_timeout)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._new or self._closing)
                if not self._new:
                    return
                self._new, batch = False, list(self._pending)
            written = self._write(batch)
            with self._changed:
                while written and self._pending and self._pending[0] in batch:
                    self._pending.popleft()
                self._changed.notify_all()

    def _write(self, batch: Sequence[dict[str, Any]]) -> bool:
        try:
            self._file.append(batch)
        except (OSError, sqlite3.Error) as error:
            problem = str(getattr(error, "strerror", None) or error).lower()
            if not self._problem:
                log.warning("history %s: %s; minutes are kept in memory", self._file.path, problem)
            self._problem = problem
            return False
        if self._problem:
            log.info("history %s: is writable again", self._file.path)
            self._problem = ""
        return True


def open_history(options: HistoryOptions) -> HistoryRecorder:
    """Prepare to write into the history that the settings name. Raises UsageError if no file can be there."""
    path = options.file
    if not path or not path.absolute().parent.is_dir() or (os.path.lexists(path) and not path.is_file()):
        raise UsageError(f"{path}: expected a file in an existing folder", setting="history.file")
    return HistoryRecorder(CsvHistory(path) if path.suffix == CSV else SqliteHistory(path, options.days))
