"""A damaged outbox: whatever happens to its file, what is readable is sent in order and the run goes on.

FER_EDGE_SOAK=1 (make soak) tries 1500 random damages.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from tests.support.clock import FakeClock
from tests.support.outbox_damage import (
    CLOSED,
    KILLED,
    SUFFIXES,
    PromptConnection,
    damage,
    deliver,
    payload,
    write_outbox,
)

from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.outbox_store import Store

DAMAGES = 1500 if os.environ.get("FER_EDGE_SOAK") else 40
EVENTS = [payload(number) for number in range(CLOSED + KILLED)]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("outbox") / "outbox.sqlite"
    write_outbox(path)
    return path


@pytest.fixture
def path(template: Path, tmp_path: Path) -> Path:
    copy_outbox(template, tmp_path / "outbox.sqlite")
    return tmp_path / "outbox.sqlite"


def copy_outbox(source: Path, target: Path) -> None:
    for suffix in SUFFIXES:
        shutil.copyfile(f"{source}{suffix}", f"{target}{suffix}")


def run(path: Path, *new: str) -> tuple[list[str], int]:
    """Open an outbox, add events, deliver everything; returns what was sent, and how many events were lost."""
    clock = FakeClock()
    outbox = Outbox(path, clock=clock)
    for event in new:
        outbox.put(event)
    sent = deliver(outbox, clock)
    assert (len(outbox), outbox.problem) == (0, "")
    outbox.close()
    return sent, outbox.lost


def execute(path: Path, *statements: str) -> None:
    """Change the file of an outbox; what was in its write-ahead log is in the file afterwards."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for statement in (*statements, "SELECT count(*) FROM event"):
            database.execute(statement).fetchall()


def test_no_random_damage_ends_a_run_or_holds_up_an_event(template: Path, tmp_path: Path) -> None:
    for seed in range(DAMAGES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        copy_outbox(template, folder / "outbox.sqlite")
        what = f"seed {seed}: {damage(folder / 'outbox.sqlite', np.random.default_rng(seed))}"
        sent, _ = run(folder / "outbox.sqlite", "new", "newer")
        assert sent[-2:] == ["new", "newer"], what
        intact = [EVENTS.index(event) for event in sent if event in EVENTS]
        assert intact == sorted(set(intact)), what
        assert run(folder / "outbox.sqlite", "next") == (["next"], 0), what
        shutil.rmtree(folder)


ROWS = "UPDATE event SET payload = CAST(x'ff' || payload AS TEXT) WHERE number = 50"
ZEROS = (
    "PRAGMA writable_schema = ON",
    "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '')",
    "PRAGMA writable_schema = RESET",
    "UPDATE event SET payload = NULL WHERE number = 50",
)


@pytest.mark.parametrize(
    ("statements", "missing"),
    [
        ([ROWS], [50]),
        (["UPDATE event SET payload = x'7b7d' WHERE number = 50"], [50]),
        (ZEROS, [50]),
        (["INSERT INTO event VALUES (9223372036854775807, 'x', 'event')"], []),
        (["INSERT INTO event VALUES (-5, 'x', 'event')"], []),
        (["UPDATE event SET topic = 'cmd/#' WHERE number = 50"], [50]),
        (["UPDATE event SET topic = x'ff' WHERE number IN (7, 8)"], [7, 8]),
        ([ROWS.replace("= 50", "IN (1, 50, 51, 200)")], [1, 50, 51, 200]),
    ],
    ids=[
        "no UTF-8",
        "a BLOB",
        "NULL",
        "the highest number",
        "a negative number",
        "another topic",
        "no topic",
        "several",
    ],
)
def test_an_unreadable_event_is_set_aside_alone(
    path: Path, statements: list[str], missing: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    execute(path, *statements)
    damaged = path.with_name("outbox.sqlite.damaged")
    damaged.write_text("of an earlier damage")
    sent, lost = run(path, "new")
    assert sent == [event for number, event in enumerate(EVENTS, 1) if number not in missing] + ["new"]
    assert lost == max(1, len(missing))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert f"{lost} could not be read; the old file is kept as {damaged}-2" in caplog.text
    assert damaged.read_text() == "of an earlier damage"
    with closing(sqlite3.connect(f"{damaged}-2")) as kept:
        assert kept.execute("SELECT count(*) FROM event").fetchone()[0] == len(sent) - 1 + lost
    assert run(path) == ([], 0)


def as_version_0(path: Path, *statements: str) -> None:
    """Turn the file of an outbox into one of version 0, which held events only."""
    execute(path, "ALTER TABLE event DROP COLUMN topic", *statements, "PRAGMA user_version = 0")


@pytest.mark.parametrize(("statements", "missing"), [([], []), ([ROWS], [50])], ids=["intact", "damaged"])
def test_the_events_in_a_file_of_version_0_are_sent_and_messages_of_any_topic_join_them(
    path: Path, statements: list[str], missing: list[int]
) -> None:
    as_version_0(path, *statements)
    clock, connection = FakeClock(), PromptConnection()
    outbox = Outbox(path, clock=clock)
    outbox.put("a minute", "minute")
    deliver(outbox, clock, connection)
    outbox.close()
    events = [event for number, event in enumerate(EVENTS, 1) if number not in missing]
    assert connection.received == [*events, "a minute"]
    assert connection.topics == ["fer/cam/event"] * len(events) + ["fer/cam/minute"]
    assert outbox.lost == len(missing)
    assert path.with_name("outbox.sqlite.damaged").exists() == bool(missing)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_file_of_version_0_is_not_changed_by_reading_it(path: Path) -> None:
    as_version_0(path)
    with closing(Store(path)) as store:
        assert [row.payload for row in store.after(0, 1000)] == EVENTS
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (0,)


def test_a_page_that_cannot_be_read_costs_the_events_in_it(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    execute(path)
    content = bytearray(path.read_bytes())
    at = content.index(EVENTS[99].encode())
    page = at // 1024 * 1024
    content[page : page + 1024] = bytes(1024)
    path.write_bytes(content)
    sent, lost = run(path, "new")
    assert sent == [event for event in EVENTS if event in sent] + ["new"]
    assert lost == len(EVENTS) + 1 - len(sent)
    assert 1 <= lost <= 3
    assert EVENTS[99] not in sent


@pytest.mark.parametrize(
    "replace",
    [
        lambda path: path.write_text("rubbish" * 1000),
        lambda path: execute(path, "PRAGMA user_version = 7"),
        lambda path: execute(path, "ALTER TABLE event ADD COLUMN other TEXT"),
    ],
    ids=["no database", "a newer version", "another shape"],
)
def test_a_file_of_another_kind_is_set_aside_whole(
    path: Path, replace: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    execute(path)
    replace(path)
    content = path.read_bytes()
    assert run(path, "new") == (["new"], 0)
    assert path.with_name("outbox.sqlite.damaged").read_bytes() == content
    assert caplog.text.count("starting a new one") == 1


def test_an_interrupted_rebuild_is_finished_at_the_next_start(path: Path) -> None:
    """The old file has been set aside, and the new one does not have its name yet."""
    log = path.with_name("outbox.sqlite-wal").read_bytes()
    execute(path)
    path.rename(path.with_name("outbox.sqlite.new"))
    path.with_name("outbox.sqlite-wal").write_bytes(log)
    assert run(path, "new") == ([*EVENTS, "new"], 0)
    assert path.with_name("outbox.sqlite.damaged-wal").read_bytes() == log
    path.with_name("outbox.sqlite.new").write_text("a rebuild that was interrupted before")
    execute(path, "INSERT INTO event (number, payload) VALUES (0, 'x')")
    assert run(path, "new") == (["new"], 1)
