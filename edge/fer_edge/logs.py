"""The log on stderr: for a terminal, or for journald, which expects the priority at the start of each line."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType

from fer_edge.output import write_stderr_in_background
from fer_edge.progress import CLEAR

STDERR = 2
LIMIT_INTERVAL = 60.0  # seconds
MAX_RECORDS = 20  # from the same line of code in that interval, whatever their arguments
UNLIMITED = {"unlimited": True}  # `extra` of a record to which no limit applies: one about each of the user's files
PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}  # syslog(3)


class JournalFormatter(logging.Formatter):
    """Formats lines as sd-daemon(3) describes: <4> for a warning, and so on, and no program name."""

    def format(self, record: logging.LogRecord) -> str:
        """Return each line of the message, and of its traceback, with the priority of the message."""
        mark = f"<{PRIORITIES.get(record.levelno, 6)}>"
        return "\n".join(mark + line for line in super().format(record).splitlines())


class RateLimit(logging.Filter):
    """Limits how often each line of code logs, so that repeated requests of other machines cannot fill the disk.

    It belongs on a handler, which also gets the records of libraries.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._counts: dict[tuple[str, int], int] = {}  # records since the interval began, by file and line
        self._began = monotonic()
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is within the limit; the last one within it announces that others are omitted."""
        if getattr(record, "unlimited", False):
            return True
        with self._lock:
            now = self._monotonic()
            if now - self._began >= LIMIT_INTERVAL:
                self._counts.clear()
                self._began = now
            place = (record.pathname, record.lineno)
            count = self._counts[place] = self._counts.get(place, 0) + 1
        if count == MAX_RECORDS:
            record.msg = f"{record.getMessage()} ({count} such lines within a minute; further ones are omitted)"
            record.args = None
        return count <= MAX_RECORDS


def configure_logging(environment: Mapping[str, str]) -> None:
    """Send log records from level INFO on to stderr, which need not be read, each line of code within a limit."""
    write_stderr_in_background()
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(RateLimit())
    if is_journal(environment, STDERR):
        handler.setFormatter(JournalFormatter())
        sys.excepthook = _log_uncaught
    else:
        erase_bar = CLEAR if sys.stderr.isatty() else ""
        handler.setFormatter(logging.Formatter(f"{erase_bar}fer-edge: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def format_error(command: str, message: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the line on stderr with which a command fails: an error for the journal, else with the command's name."""
    line = " ".join(message.split())
    return f"<{PRIORITIES[logging.ERROR]}>{line}" if is_journal(environment, STDERR) else f"{command}: {line}"


def is_journal(environment: Mapping[str, str], descriptor: int) -> bool:
    """Whether systemd has connected this file descriptor to its journal; see JOURNAL_STREAM in systemd.exec(5)."""
    if "JOURNAL_STREAM" not in environment:
        return False
    status = os.fstat(descriptor)
    return environment["JOURNAL_STREAM"] == f"{status.st_dev}:{status.st_ino}"


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.critical("unexpected error", exc_info=(kind, error, trace))
