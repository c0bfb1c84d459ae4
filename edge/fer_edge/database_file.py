"""What the SQLite files of the daemon have in common: telling damage from a full disk, and setting a file aside."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path

LOCK_TIMEOUT = 1.0  # seconds for another process to close the file
WAL = "-wal"  # suffix of the write-ahead log, which lies beside the file
PRIMARY_CODE = 0xFF  # the bits of an extended error code of SQLite that hold the plain one
DISK_CODES = {  # of errors that are the disk's or another process's, not the file's
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOMEM,
}


def error_code(error: sqlite3.Error) -> int:
    """SQLite's code for what went wrong, such as sqlite3.SQLITE_FULL; 0 if it has none."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & PRIMARY_CODE


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is damaged, rather than the disk unavailable or the file in use."""
    return error_code(error) not in DISK_CODES


def set_aside(path: Path) -> Path | None:
    """Rename a file and its write-ahead log to `FILE.damaged`, or with a number if that exists, or the log alone.

    Returns:
        The file's new path, if there was a file.

    Raises:
        sqlite3.OperationalError: The disk does not allow it.
    """
    names = (beside(path, ".damaged" if count == 1 else f".damaged-{count}") for count in itertools.count(1))
    aside = next(name for name in names if not name.exists() and not beside(name, WAL).exists())
    with as_sqlite_error("damaged, and cannot be moved"):
        for suffix in ("", WAL):
            with contextlib.suppress(FileNotFoundError):
                beside(path, suffix).replace(beside(aside, suffix))
    return aside if aside.exists() else None


def beside(path: Path, suffix: str) -> Path:
    """The file in the same folder with this suffix after the whole name."""
    return path.with_name(path.name + suffix)


@contextlib.contextmanager
def as_sqlite_error(text: str) -> Iterator[None]:
    """Raise an OSError of the body as the error that SQLite has for a disk; `text` says what could not be done."""
    try:
        yield
    except OSError as error:
        raise disk_error(f"{text}: {str(error.strerror).lower()}") from error


def disk_error(text: str) -> sqlite3.OperationalError:
    """An error of the disk, not of the file."""
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    return error
