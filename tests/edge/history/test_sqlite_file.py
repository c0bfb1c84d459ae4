"""A history as SQLite. What a full disk does to it is in test_recorder."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.history import minute

from fer_edge.history.sqlite_file import SqliteHistory

DAY = 24 * 60  # minutes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def query(path: Path, text: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(text).fetchall()


def test_a_minute_is_a_row_and_so_is_each_of_its_zones_and_none_is_there_twice(path: Path) -> None:
    history = SqliteHistory(path)
    history.append([minute(0)])
    history.append([minute(0), minute(1, zone="sofa")])
    assert query(path, "SELECT id, zone FROM minute ORDER BY ts, zone") == [
        ("b00t-minute-0", ""),
        ("b00t-minute-1", ""),
        ("b00t-minute-1", "sofa"),
    ]
    values = (
        "SELECT ts, clock_synced, device, duration_s, observed_s, nobody_s, unsure_s, face_s, most_faces FROM minute"
    )
    assert query(path, values)[0] == ("2023-11-15T12:00:00.000Z", 1, "porch", 60.0, 59.5, 10.5, 0.0, 40.5, 2)
    assert query(path, "SELECT sum(json_extract(emotions_s, '$.happy')) FROM minute WHERE zone = ''") == [(40.5,)]


def test_what_is_older_than_the_days_is_deleted_and_its_text_is_no_longer_in_the_file(path: Path) -> None:
    SqliteHistory(path).append([minute(0, "joyous", "sad"), minute(5)])
    SqliteHistory(path, days=2).append([minute(2 * DAY)])
    assert len(query(path, "SELECT 1 FROM minute")) == 3
    SqliteHistory(path, days=2).append([minute(2 * DAY + 3)])
    assert query(path, "SELECT id FROM minute ORDER BY ts")[0] == ("b00t-minute-5",)
    assert b"joyous" not in path.read_bytes()


@pytest.mark.parametrize("kind", ["no database", "a page", "another program", "another shape"])
def test_a_file_that_cannot_be_used_is_set_aside_whole_in_one_line(
    path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    SqliteHistory(path).append([minute(number) for number in range(200)])
    if kind == "no database":
        path.write_bytes(b"rubbish" * 1000)
    elif kind == "a page":
        content = bytearray(path.read_bytes())
        content[4096:] = bytes([7]) * (len(content) - 4096)
        path.write_bytes(content)
    elif kind == "another program":
        path.unlink()
        query(path, "CREATE TABLE states (id)")
    else:
        query(path, "ALTER TABLE minute ADD COLUMN other")
    content = path.read_bytes()
    SqliteHistory(path).append([minute(300)])
    assert query(path, "SELECT json_extract(emotions_s, '$.sad') FROM minute") == [(20.25,)]
    assert path.with_name("history.sqlite.damaged").read_bytes() == content
    assert len(caplog.messages) == 1
    assert f"moved to {path}.damaged; starting a new one" in caplog.messages[0]


def test_a_database_that_another_program_reads_or_locks_stays(path: Path) -> None:
    SqliteHistory(path).append([minute(0)])
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            SqliteHistory(path).append([minute(1)])
    SqliteHistory(path).append([minute(1)])
    assert query(path, "SELECT count(*) FROM minute") == [(2,)]
    assert json.loads(str(query(path, "SELECT emotions_s FROM minute")[0][0])) == {"happy": 20.25, "sad": 20.25}
