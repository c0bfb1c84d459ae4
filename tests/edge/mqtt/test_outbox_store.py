"""The file of the outbox. What a kill or a full disk does to it is in test_outbox."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fer_edge.database_file import error_code, is_damage
from fer_edge.mqtt.outbox_store import DamagedError, Limit, Row, Store

LIMIT = Limit(events=4, size=1000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


def test_a_commit_adds_deletes_and_drops_in_one_transaction(path: Path) -> None:
    store = Store(path)
    assert store.commit([], [Row(number, "x" * number) for number in range(1, 5)], LIMIT) == (0, 0)
    assert (store.count, store.size, store.last) == (4, 10, 4)
    assert store.commit([2, 99], [Row(5, "five"), Row(6, "six")], LIMIT) == (1, 1)
    assert store.after(0, 10) == [Row(3, "xxx"), Row(4, "xxxx"), Row(5, "five"), Row(6, "six")]
    assert store.after(4, 1) == [Row(5, "five")]
    assert (store.count, store.size, store.last) == (4, 14, 6)
    store.close()


def test_a_commit_that_fails_changes_nothing(path: Path) -> None:
    store = Store(path)
    store.commit([], [Row(1, "one")], LIMIT)
    with pytest.raises(sqlite3.IntegrityError):
        store.commit([1], [Row(2, "two"), Row(2, "again")], LIMIT)
    assert (store.count, store.size, store.last, store.after(0, 10)) == (1, 3, 1, [Row(1, "one")])
    store.close()


def test_a_file_is_counted_when_it_is_opened(path: Path) -> None:
    first = Store(path)
    first.commit([], [Row(7, "é")], LIMIT)
    first.close()
    second = Store(path)
    assert (second.count, second.size, second.last) == (1, 2, 7)
    second.close()


def test_little_is_in_the_write_ahead_log_alone_where_damage_goes_unnoticed(path: Path) -> None:
    store = Store(path)
    for number in range(1, 501):
        store.commit([], [Row(number, "x" * 500)], Limit(1000, 1_000_000))
    killed = path.with_name("killed.sqlite")
    shutil.copy(path, killed)  # without the log
    with closing(Store(killed)) as rest:
        assert 450 < rest.count <= 500
        assert [number for number, _ in rest.read()] == list(range(1, rest.count + 1))
    assert path.with_name(f"{path.name}-wal").stat().st_size < 150_000
    store.close()


def test_damage_is_told_from_a_busy_file(path: Path) -> None:
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(sqlite3.DatabaseError) as damaged:
        Store(path)
    assert is_damage(damaged.value)
    path.unlink()
    first = Store(path)
    with pytest.raises(sqlite3.OperationalError) as busy:
        Store(path)
    assert (is_damage(busy.value), error_code(busy.value)) == (False, sqlite3.SQLITE_BUSY)
    first.close()


def test_a_file_is_for_its_user_alone_and_never_in_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    for name in (path.name, ":memory:", "file:x?mode=memory"):
        store = Store(Path(name))
        store.commit([], [Row(1, "one")], LIMIT)
        for file in (name, f"{name}-wal"):
            assert Path(file).stat().st_mode & 0o777 == 0o600
        store.close()


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE states (id INTEGER PRIMARY KEY)",
        "CREATE TABLE event (number INTEGER PRIMARY KEY, payload TEXT, topic TEXT)",
        "CREATE TABLE event (number INTEGER PRIMARY KEY, payload BLOB)",
        "CREATE TABLE event (number INTEGER PRIMARY KEY, payload TEXT); CREATE VIEW extra AS SELECT * FROM event",
        "CREATE TABLE event (number INTEGER PRIMARY KEY, payload TEXT); PRAGMA user_version = 1",
    ],
)
def test_a_file_of_another_program_or_version_is_refused_and_not_changed(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(script)
    before = path.read_bytes()
    with pytest.raises(DamagedError):
        Store(path)
    assert path.read_bytes() == before


def test_a_store_detects_that_its_file_or_its_log_is_gone(path: Path) -> None:
    store = Store(path)
    assert (store.detached, store.replaced) == (False, False)
    log = path.with_name(f"{path.name}-wal")
    log.rename(log.with_name("away"))
    assert (store.detached, store.replaced) == (True, False)
    path.rename(path.with_name("away too"))
    path.touch()
    assert (store.detached, store.replaced) == (True, True)
    store.close()


def test_events_are_renumbered_in_their_order(path: Path) -> None:
    store = Store(path)
    store.commit([], [Row(2, "a"), Row(7, "b"), Row(2**40, "c")], LIMIT)
    store.renumber()
    assert (store.after(0, 9), store.last) == ([Row(1, "a"), Row(2, "b"), Row(3, "c")], 3)
    store.close()
