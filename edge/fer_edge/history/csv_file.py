"""A history as CSV: a header, then a row for each minute, with a column for each label of the model."""

from __future__ import annotations

import csv
import errno
import io
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fer_edge.database_file import set_aside
from fer_edge.history.rows import COLUMNS, EMOTIONS, rows

log = logging.getLogger(__name__)


class CsvHistory:
    """Appends minutes to a CSV file, which is opened for each write."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, messages: Sequence[dict[str, Any]]) -> None:
        """Add minutes, all of the same model. A file with other columns is set aside.

        Raises:
            OSError: Nothing was written.
            sqlite3.Error: A file with other columns cannot be set aside.
        """
        labels = list(messages[0][EMOTIONS])
        header = _line([*COLUMNS, *(f"emotion_{label}_s" for label in labels)])
        body = "".join(
            _line([*(row[name] for name in COLUMNS), *(row[EMOTIONS][label] for label in labels)])
            for message in messages
            for row in rows(message)
        )
        self._check_header(header.encode())
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if not size:
                body = header + body
            elif os.pread(descriptor, 1, size - 1) != b"\n":
                log.warning("history %s: its last line is not complete; the next minute begins a new line", self.path)
                body = "\n" + body
            _write(descriptor, body.encode(), size)
        finally:
            os.close(descriptor)

    def _check_header(self, header: bytes) -> None:
        try:
            with self.path.open("rb") as file:
                found = file.read(len(header))
        except FileNotFoundError:
            return
        if found not in (b"", header):
            aside = set_aside(self.path)
            log.warning("history %s: has other columns; moved to %s; starting a new one", self.path, aside)


def _line(values: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()


def _write(descriptor: int, content: bytes, size: int) -> None:
    """Append all of `content` to a file of `size` bytes, or nothing. Raises OSError."""
    try:
        if os.write(descriptor, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise
