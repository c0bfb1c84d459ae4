"""The log on stderr: for a person at a terminal, or for journald, which wants each line's priority before it."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from types import TracebackType

from fer_edge.progress import CLEAR

STDERR = 2
PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}  # syslog(3)


class JournalFormatter(logging.Formatter):
    """Lines as sd-daemon(3) has them: <4> for a warning, and so on; who speaks, journald knows."""

    def format(self, record: logging.LogRecord) -> str:
        """Each line of a message, and of its trace if it has one, with the priority of the message."""
        mark = f"<{PRIORITIES.get(record.levelno, 6)}>"
        return "\n".join(mark + line for line in super().format(record).splitlines())


def start_log(environment: Mapping[str, str]) -> None:
    """Log from INFO on to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    if goes_to_journal(environment, STDERR):
        handler.setFormatter(JournalFormatter())
        sys.excepthook = _log_fault
    else:
        over_bar = CLEAR if sys.stderr.isatty() else ""
        handler.setFormatter(logging.Formatter(f"{over_bar}fer-edge: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def last_words(command: str, message: str, environment: Mapping[str, str] = os.environ) -> str:
    """The line on stderr by which a command ends: for the journal an error, else with the command's name before it."""
    line = " ".join(message.split())
    return f"<{PRIORITIES[logging.ERROR]}>{line}" if goes_to_journal(environment, STDERR) else f"{command}: {line}"


def _log_fault(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    """What nobody foresaw is an error in the journal, too."""
    logging.critical("ended by a fault of its own", exc_info=(kind, fault, trace))


def goes_to_journal(environment: Mapping[str, str], descriptor: int) -> bool:
    """Whether a descriptor is the one that systemd has joined to its journal: see JOURNAL_STREAM in systemd.exec(5)."""
    if "JOURNAL_STREAM" not in environment:
        return False
    status = os.fstat(descriptor)
    return environment["JOURNAL_STREAM"] == f"{status.st_dev}:{status.st_ino}"
