"""Sums the minutes of a history in intervals, such as quarters of an hour."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from fer_edge.config.history import CSV
from fer_edge.events import rfc3339

LOCK_TIMEOUT = 1.0  # seconds to wait for the writer
MAX_CSV_TAIL = 4 << 20  # bytes at the end of a CSV file that are read: a day with 15 zones
MEASURES = ("observed_s", "nobody_s", "unsure_s")  # as in TOTALS
PREFIX, SUFFIX = "emotion_", "_s"  # of the columns of a CSV file that hold emotions

Sums = dict[str, dict[int, dict[str, Any]]]  # by zone, and by the time at which an interval begins

TOTALS = """
    SELECT zone, CAST(strftime('%s', ts) AS INTEGER) / :interval * :interval,
        sum(observed_s), sum(nobody_s), sum(unsure_s)
    FROM minute
    WHERE device = :device AND ts >= :since AND ts < :until
    GROUP BY 1, 2
"""
EMOTIONS = """
    SELECT zone, CAST(strftime('%s', ts) AS INTEGER) / :interval * :interval, key, sum(value)
    FROM minute, json_each(minute.emotions_s)
    WHERE device = :device AND ts >= :since AND ts < :until
    GROUP BY 1, 2, 3
"""


def history_reader(path: Path, device: str) -> Callable[[int, int, int], Sums]:
    """Return a function that sums the minutes of a device.

    Its arguments are the beginning and the end of the time, seconds since the epoch, and the length of an interval,
    seconds. The zone of the whole frame is empty; an interval without a minute is left out. It raises ValueError if the
    file cannot be read.
    """
    return partial(_read, path, device)


def _read(path: Path, device: str, since: int, until: int, interval: int) -> Sums:
    read = _read_csv if path.suffix == CSV else _read_sqlite
    try:
        return read(path, device, since, until, interval)
    except FileNotFoundError:
        return {}
    except (OSError, sqlite3.Error) as error:
        raise ValueError(f"history {path}: {str(getattr(error, 'strerror', None) or error).lower()}") from error


def _read_sqlite(path: Path, device: str, since: int, until: int, interval: int) -> Sums:
    path.stat()
    values = {"device": device, "since": rfc3339(since), "until": rfc3339(until), "interval": interval}
    sums: Sums = {}
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=LOCK_TIMEOUT)) as database:
        for zone, start, *totals in database.execute(TOTALS, values):
            _interval(sums, zone, start).update(zip(MEASURES, totals, strict=True))
        for zone, start, label, seconds in database.execute(EMOTIONS, values):
            _interval(sums, zone, start)["emotions_s"][label] = seconds
    return sums


def _read_csv(path: Path, device: str, since: int, until: int, interval: int) -> Sums:
    sums: Sums = {}
    for row in _csv_rows(path, rfc3339(since)):
        try:
            start = int(datetime.fromisoformat(row["ts"]).timestamp()) // interval * interval
            measures = {name: float(row[name]) for name in MEASURES}
            emotions = {_label(column): float(row[column]) for column in row if column.startswith(PREFIX)}
        except (AttributeError, KeyError, TypeError, ValueError):  # an incomplete line
            continue
        if row["device"] != device or not since <= start < until:
            continue
        found = _interval(sums, row["zone"], start)
        for name, seconds in measures.items():
            found[name] += seconds
        for label, seconds in emotions.items():
            found["emotions_s"][label] = found["emotions_s"].get(label, 0.0) + seconds
    return sums


def _csv_rows(path: Path, since: str) -> Iterator[dict[str, str]]:
    """Yield the rows from a time on, of those in the last MAX_CSV_TAIL bytes."""
    with path.open("rb") as file:
        header = file.readline(MAX_CSV_TAIL)
        file.seek(max(len(header), path.stat().st_size - MAX_CSV_TAIL))
        lines = file.read(MAX_CSV_TAIL).decode(errors="replace").splitlines()
    recent = [line for line in lines if line.split(",", 2)[1:2] >= [since]]
    columns = next(csv.reader([header.decode(errors="replace")]), [])
    yield from csv.DictReader(io.StringIO("\n".join(recent)), fieldnames=columns)


def _label(column: str) -> str:
    return column.removeprefix(PREFIX).removesuffix(SUFFIX)


def _interval(sums: Sums, zone: str, start: int) -> dict[str, Any]:
    empty = {**dict.fromkeys(MEASURES, 0.0), "emotions_s": {}}
    return sums.setdefault(zone, {}).setdefault(start, empty)
