"""Minutes are summed in intervals, from SQLite and from CSV alike, without writing to the file."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.clock import NOON
from tests.support.history import minute

from fer_edge.history.csv_file import CsvHistory
from fer_edge.history.reader import MAX_CSV_TAIL, history_reader
from fer_edge.history.sqlite_file import SqliteHistory

DAY = 86_400
QUARTER = 900
FIRST = int(NOON) // QUARTER * QUARTER


@pytest.fixture(params=["history.sqlite", "history.csv"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def append(path: Path, *numbers: int, zone: str = "", device: str = "porch") -> None:
    history = CsvHistory(path) if path.suffix == ".csv" else SqliteHistory(path)
    history.append([{**minute(number, zone=zone), "device": device} for number in numbers])


def read(path: Path, since: int = FIRST, until: int = FIRST + DAY) -> object:
    return history_reader(path, "porch")(since, until, QUARTER)


def total(minutes: int) -> dict[str, object]:
    seconds = 20.25 * minutes
    return {
        "observed_s": 59.5 * minutes,
        "nobody_s": 10.5 * minutes,
        "unsure_s": 0.0,
        "emotions_s": {"happy": seconds, "sad": seconds},
    }


def test_minutes_are_summed_by_zone_and_quarter_of_an_hour_and_gaps_are_left_out(path: Path) -> None:
    append(path, -1, 0, 14, 15, 60)
    append(path, 61, 62, zone="sofa, left")
    append(path, 63, device="another")
    append(path, 24 * 60)
    assert read(path) == {
        "": {FIRST: total(2), FIRST + QUARTER: total(1), FIRST + 4 * QUARTER: total(3)},
        "sofa, left": {FIRST + 4 * QUARTER: total(2)},
    }


def test_a_file_that_does_not_exist_yet_has_no_minutes_and_is_not_created(path: Path) -> None:
    assert read(path) == {}
    assert not path.exists()


def test_a_damaged_file_is_one_line_or_what_is_left_of_it(path: Path) -> None:
    append(path, 0, 1)
    if path.suffix == ".csv":
        with path.open("ab") as file:
            file.write(b"b00t-minute-2,2023-11-15T12:02:00.000Z,1,porch,\xff\n\nhalf")
        assert read(path) == {"": {FIRST: total(2)}}
    else:
        path.write_bytes(b"rubbish" * 1000)
        with pytest.raises(ValueError, match=r"history .*history.sqlite: file is not a database"):
            read(path)


def test_a_database_that_is_written_meanwhile_is_read_and_one_that_is_locked_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    append(path, 0)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        database.execute("DELETE FROM minute")
        assert read(path) == {"": {FIRST: total(1)}}
        database.execute("COMMIT")
        database.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ValueError, match="database is locked"):
            read(path)


def test_only_the_end_of_a_long_csv_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    append(path, *range(-3000, 0))
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + "".join(lines[1:]) * (2 * MAX_CSV_TAIL // path.stat().st_size))
    append(path, 0, 1)
    start = time.process_time()
    assert read(path) == {"": {FIRST: total(2)}}
    assert time.process_time() - start < 1
