"""Keeps the outbox usable when its file is damaged or removed: what is readable goes into a new file, in order.

The new file takes the place of the old one, which is kept beside it as `FILE.damaged`.
"""

from __future__ import annotations

import itertools
import logging
import sqlite3
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

from fer_edge.database_file import WAL, as_sqlite_error, beside, disk_error, is_damage, set_aside
from fer_edge.mqtt.outbox_store import MAX_NUMBER, MIN_NUMBER, Row, Store

log = logging.getLogger(__name__)

BATCH = 1000  # events that are copied in one transaction
SEEKS_IN_A_ROW = 1000  # numbers after an unreadable event that are tried one by one; later ones at growing distances
MAX_ROWS = 1_000_000  # that are read from a damaged file, whose pages may repeat


class Salvage:
    """Reads what is readable of a damaged file.

    Attributes:
        unreadable: Number of events that could not be read, as far as their numbers, which are consecutive, show it.
    """

    def __init__(self, store: Store) -> None:
        self.unreadable = 0
        self._store = store
        self._last = store.last or MAX_NUMBER  # the highest number that an event may have

    def rows(self) -> Iterator[Row]:
        """Yield the readable events, most of them in order. Raises sqlite3.Error when the disk cannot be read."""
        first, expected = MIN_NUMBER, 1  # where to read on; the lowest number that has not been passed
        skipped = 0  # unreadable places since the last event
        while first:
            try:
                for number, row in self._store.read(first, MAX_ROWS):
                    if not 0 < number <= self._last:
                        skipped += 1
                        continue
                    if skipped:
                        gap = number - expected
                        self.unreadable += gap if 0 < gap <= SEEKS_IN_A_ROW else skipped
                    expected, skipped = max(expected, number + 1), 0
                    if row is None:
                        self.unreadable += 1
                    else:
                        yield row
                break
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise
            skipped += 1
            first = self._next_readable(max(first, expected))
        self.unreadable += skipped

    def _next_readable(self, number: int) -> int:
        """The next number, after one that is unreadable, from which reading succeeds; 0 if there is none."""
        failed = number
        for distance in itertools.chain(range(1, SEEKS_IN_A_ROW), (SEEKS_IN_A_ROW << shift for shift in range(52))):
            if self._is_readable(number + distance):
                candidates = range(failed + 1, number + distance + 1)
                return candidates[bisect_left(candidates, True, key=self._is_readable)]
            failed = number + distance
        return 0

    def _is_readable(self, number: int) -> bool:
        try:
            list(self._store.read(number, 1))
        except (sqlite3.Error, OverflowError):  # the latter beyond the highest number of SQLite
            return False
        return True


def open_store(path: Path) -> tuple[Store, int]:
    """Open the outbox at `path`, or create it.

    A damaged one is rebuilt; one of another version or of another program is set aside.

    Returns:
        The outbox, and how many of its events were found to be unreadable.

    Raises:
        sqlite3.Error: The disk does not allow it, or another process uses the file.
    """
    _finish_rebuild(path)
    try:
        return Store(path), 0
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        damage = error
    try:
        store = Store(path, check=False)
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        log.warning("outbox %s: %s; moved to %s; starting a new one", path, error, set_aside(path))
        return Store(path), 0
    try:
        return rebuild(store, path, damage)
    except sqlite3.Error:
        store.close()
        raise


def rebuild(store: Store, path: Path, damage: sqlite3.Error | None = None) -> tuple[Store, int]:
    """Write the readable events of an open outbox to a new file at `path`.

    Args:
        store: The outbox; closed on success.
        path: Where it is, or was.
        damage: What is wrong with it; None if it was removed or replaced.

    Returns:
        The new outbox, and how many events were found to be unreadable.

    Raises:
        sqlite3.Error: The disk does not allow it.
    """
    new, salvage = beside(path, ".new"), Salvage(store)
    with as_sqlite_error("cannot be written anew"):
        for suffix in ("", WAL):
            beside(new, suffix).unlink(missing_ok=True)
    _copy(salvage, new)
    kept = set_aside(path) if damage or salvage.unreadable or store.replaced else None
    with as_sqlite_error("cannot be written anew"):
        new.replace(path)
    rebuilt = Store(path)
    store.close()
    reason = f"damaged ({damage})" if damage else "removed or replaced while in use"
    lost = max(salvage.unreadable, store.count - rebuilt.count)
    counts = f"{rebuilt.count} events are in a new file, {lost} could not be read"
    log.warning("outbox %s: %s; %s%s", path, reason, counts, f"; the old file is kept as {kept}" if kept else "")
    return rebuilt, lost


def _copy(salvage: Salvage, path: Path) -> None:
    target = Store(path)
    try:
        rows = salvage.rows()
        while batch := list(itertools.islice(rows, BATCH)):
            target.add(batch)
    finally:
        target.close()
    if beside(path, WAL).exists():  # SQLite removes it once everything is in the file
        raise disk_error("cannot be written anew: no space left on device")


def _finish_rebuild(path: Path) -> None:
    """Do what a rebuild would have done next had it not been interrupted after the old file was set aside."""
    new = beside(path, ".new")
    if new.exists() and not path.exists():
        set_aside(path)
        with as_sqlite_error("cannot be written anew"):
            new.replace(path)
