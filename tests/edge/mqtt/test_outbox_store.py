"""The file of the outbox. What a kill or a full disk does to it is in test_outbox."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from fer_edge.mqtt.outbox_store import Limit, Store, error_code, is_damage, set_aside

LIMIT = Limit(events=4, size=1000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


def test_a_commit_adds_deletes_and_drops_in_one_transaction(path: Path) -> None:
    store = Store(path)
    assert store.commit([], [(number, "x" * number) for number in range(1, 5)], LIMIT) == (0, 0)
    assert (store.count, store.size, store.last) == (4, 10, 4)
    assert store.commit([2, 99], [(5, "five"), (6, "six")], LIMIT) == (1, 1)
    assert store.after(0, 10) == [(3, "xxx"), (4, "xxxx"), (5, "five"), (6, "six")]
    assert store.after(4, 1) == [(5, "five")]
    assert (store.count, store.size, store.last) == (4, 14, 6)
    store.close()


def test_a_commit_that_fails_changes_nothing(path: Path) -> None:
    store = Store(path)
    store.commit([], [(1, "one")], LIMIT)
    with pytest.raises(sqlite3.IntegrityError):
        store.commit([1], [(2, "two"), (2, "again")], LIMIT)
    assert (store.count, store.size, store.last, store.after(0, 10)) == (1, 3, 1, [(1, "one")])
    store.close()


def test_a_file_is_counted_when_it_is_opened(path: Path) -> None:
    first = Store(path)
    first.commit([], [(7, "é")], LIMIT)
    first.close()
    second = Store(path)
    assert (second.count, second.size, second.last) == (1, 2, 7)
    second.close()


def test_damage_is_told_from_a_busy_file(path: Path) -> None:
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(sqlite3.DatabaseError) as damaged:
        Store(path)
    assert is_damage(damaged.value)
    set_aside(path)
    first = Store(path)
    with pytest.raises(sqlite3.OperationalError) as busy:
        Store(path)
    assert (is_damage(busy.value), error_code(busy.value)) == (False, sqlite3.SQLITE_BUSY)
    first.close()


def test_a_damaged_file_set_aside_replaces_the_last_one(path: Path) -> None:
    for content in ("first", "second"):
        path.write_text(content)
        aside = set_aside(path)
        assert (aside, path.exists()) == (path.with_name("outbox.sqlite.damaged"), False)
    assert aside.read_text() == "second"
