"""The outbox: the order of events, when they are on disk, and what disks and kills can do to them."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.clock import FakeClock

from fer_edge.errors import UsageError
from fer_edge.mqtt.outbox import COMMIT_AT_ONCE, COMMIT_INTERVAL, PURGE_INTERVAL, Outbox
from fer_edge.mqtt.outbox_store import Limit, Store

FEW = Limit(events=3, size=1000)


def payloads(outbox: Outbox) -> list[str]:
    return [row.payload for row in outbox.after(0, 100_000)]


def on_disk(path: Path) -> list[str]:
    """The events that another process would find if this one was killed now: read from a copy of the file."""
    copy = path.with_name("copy.sqlite")
    for suffix in ("", "-wal"):
        copy.with_name(copy.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    store = Store(copy)
    try:
        return [row.payload for row in store.after(0, 100_000)]
    finally:
        store.close()


@pytest.fixture(params=["memory", "disk"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "outbox.sqlite" if request.param == "disk" else None


def test_events_leave_in_order_and_only_when_removed(path: Path | None) -> None:
    outbox = Outbox(path)
    for number in range(5):
        outbox.put(f"event {number}")
    outbox.commit(now=True)
    (first, payload, _), (second, _, _) = outbox.after(0, 2)
    assert payload == "event 0"
    assert [row.payload for row in outbox.after(second, 10)] == ["event 2", "event 3", "event 4"]
    outbox.remove(first)
    assert (len(outbox), payloads(outbox)) == (4, ["event 1", "event 2", "event 3", "event 4"])
    outbox.remove(outbox.after(second, 1)[0][0])
    assert payloads(outbox) == ["event 1", "event 3", "event 4"]
    outbox.commit(now=True)
    assert (len(outbox), payloads(outbox)) == (3, ["event 1", "event 3", "event 4"])


def test_an_event_is_returned_once_it_is_on_disk(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.sqlite")
    outbox.put("a")
    assert (len(outbox), payloads(outbox)) == (1, [])
    outbox.commit()
    assert (payloads(outbox), on_disk(tmp_path / "outbox.sqlite")) == (["a"], ["a"])


def test_commits_are_few_but_the_first_event_and_a_burst_do_not_wait(tmp_path: Path) -> None:
    clock = FakeClock()
    outbox = Outbox(tmp_path / "outbox.sqlite", clock=clock)
    for expected in (["a"], ["a"], ["a"]):
        outbox.put("a")
        outbox.commit()
        assert payloads(outbox) == expected
    clock.advance(COMMIT_INTERVAL)
    outbox.commit()
    assert payloads(outbox) == ["a"] * 3
    for _ in range(COMMIT_AT_ONCE):
        outbox.put("b")
    outbox.commit()
    assert len(payloads(outbox)) == 3 + COMMIT_AT_ONCE


def test_delivered_events_are_deleted_with_the_next_commit_or_after_a_while(tmp_path: Path) -> None:
    clock = FakeClock()
    outbox = Outbox(tmp_path / "outbox.sqlite", clock=clock)
    outbox.put("a")
    outbox.commit()
    outbox.remove(1)
    outbox.commit()
    assert (payloads(outbox), on_disk(tmp_path / "outbox.sqlite")) == ([], ["a"])
    clock.advance(PURGE_INTERVAL)
    outbox.commit()
    assert on_disk(tmp_path / "outbox.sqlite") == []


def test_stored_events_survive_a_restart(tmp_path: Path) -> None:
    first = Outbox(tmp_path / "outbox.sqlite")
    for payload in ("gone", "kept", "kept at the end"):
        first.put(payload)
        first.commit()
    first.remove(1)
    first.close()
    second = Outbox(tmp_path / "outbox.sqlite")
    second.put("newer")
    second.commit()
    assert (len(second), payloads(second)) == (3, ["kept", "kept at the end", "newer"])


@pytest.mark.parametrize("limit", [FEW, Limit(events=100, size=3)])
def test_a_full_outbox_drops_the_oldest_event_and_counts_it(path: Path | None, limit: Limit) -> None:
    outbox = Outbox(path, limit)
    for number in range(5):
        outbox.put(str(number))
    outbox.commit(now=True)
    assert (len(outbox), outbox.lost, payloads(outbox)) == (3, 2, ["2", "3", "4"])


def test_events_that_wait_for_the_disk_are_bounded_too(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.sqlite", memory_limit=FEW)
    for number in range(5):
        outbox.put(str(number))
    outbox.commit()
    assert (len(outbox), outbox.lost, payloads(outbox)) == (3, 2, ["2", "3", "4"])


def test_delivered_events_make_room_before_any_is_dropped(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.sqlite", FEW)
    for number in range(3):
        outbox.put(str(number))
    outbox.commit(now=True)
    outbox.remove(1)
    outbox.put("3")
    outbox.commit(now=True)
    assert (outbox.lost, payloads(outbox)) == (0, ["1", "2", "3"])


WRITER = """
import itertools, sys
from pathlib import Path
from fer_edge.mqtt.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]))
for number in itertools.count(1):
    outbox.put(str(number))
    outbox.commit(now=number % 3 == 0)
    print(outbox.stored, flush=True)
"""


def test_a_killed_process_loses_no_stored_event(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        stored = [int(next(writer.stdout)) for _ in range(50)]
        os.kill(writer.pid, signal.SIGKILL)
        stored += [int(line) for line in writer.stdout if line.endswith("\n")]
    kept = [int(payload) for payload in payloads(Outbox(path))]
    assert kept == list(range(1, len(kept) + 1))
    assert len(kept) >= stored[-1] > 40


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from fer_edge.clock import Clock
from fer_edge.mqtt.outbox import Outbox
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
now = [0.0]
outbox = Outbox(Path(sys.argv[1]), clock=Clock(monotonic=lambda: now[0]))
def put(first, last):
    for number in range(first, last):
        outbox.put(f"{number:0500}")
        now[0] += 1
        outbox.commit()
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
put(0, 50)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, unlimited[1]))
put(50, 800)
problem, held, order = outbox.problem, len(outbox), [int(row.payload) for row in outbox.after(0, 1000)]
for number, _, _ in outbox.after(0, 10):
    outbox.remove(number)
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
put(800, 900)
rest = [int(row.payload) for row in outbox.after(0, 1000)]
print(bool(problem), outbox.problem == "", held == 800, order == list(range(800)), rest == list(range(10, 900)))
outbox.close()
"""


def test_a_full_disk_is_logged_once_and_events_wait_in_memory_until_they_are_written_in_order(tmp_path: Path) -> None:
    """A limit on the size of files makes the system refuse to write, as a full disk does."""
    path = tmp_path / "outbox.sqlite"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["True"] * 5
    assert done.stderr.count("events are kept in memory") == 1
    assert [int(payload) for payload in payloads(Outbox(path))] == list(range(10, 900))


def test_a_path_where_no_file_can_be_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "no" / "folder", tmp_path, tmp_path / "fifo", Path("/dev/null"), tmp_path / ("x" * 300)):
        with pytest.raises(UsageError, match=f"{path}: .*expected a file") as refusal:
            Outbox(path)
        assert refusal.value.setting == "mqtt.outbox"


def test_a_relative_path_in_a_folder_that_was_removed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(UsageError, match=r"^x\.sqlite: no such file or directory; expected a file"):
        Outbox(Path("x.sqlite"))


def test_a_file_that_cannot_be_opened_at_first_is_used_later_with_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, clock = tmp_path / "outbox.sqlite", FakeClock()
    earlier = Outbox(path)
    earlier.put("old")
    earlier.close()

    def refuse(path: Path) -> tuple[Store, int]:
        raise sqlite3.OperationalError("unable to open database file")

    with monkeypatch.context() as patch:
        patch.setattr("fer_edge.mqtt.outbox.open_store", refuse)
        outbox = Outbox(path, clock=clock)
        outbox.put("new")
        outbox.commit()
        assert (payloads(outbox), outbox.problem) == (["new"], "unable to open database file")
    clock.advance(100)
    outbox.commit()
    assert (payloads(outbox), outbox.problem) == (["old", "new"], "")


def test_a_file_damaged_while_in_use_costs_only_what_was_in_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, clock = tmp_path / "outbox.sqlite", FakeClock()
    outbox = Outbox(path)
    for number in range(5000):
        outbox.put(f"{number:0500}")
    outbox.close()
    outbox = Outbox(path, clock=clock)
    whole = path.read_bytes()
    path.write_bytes(whole[:1024] + bytes(len(whole) - 1024))
    assert outbox.after(0, 100) == []
    outbox.put("new")
    clock.advance(100)
    outbox.commit()
    assert payloads(outbox)[-1] == "new"
    assert (len(outbox) + outbox.lost, outbox.problem) == (5001, "")
    assert outbox.lost > 4000, "only what the page cache held is left"
    assert caplog.text.count("malformed") == 1


def test_an_event_that_becomes_unreadable_while_it_waits_is_lost_alone(tmp_path: Path) -> None:
    """Also one that is sent and not acknowledged: its acknowledgement comes, and it was not lost after all."""
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox(path)
    for number in range(6000):  # more than SQLite's page cache holds
        outbox.put(f"event {number} " + "x" * 500)
    outbox.close()
    outbox, sent = Outbox(path), 3
    expected = payloads(outbox)
    content = bytearray(path.read_bytes())
    for number in (1, 1500):
        content[content.index(f"event {number} ".encode()) + 20] = 0xFF
    path.write_bytes(content)
    outbox.put("new")
    outbox.commit()
    assert [payloads(outbox), payloads(outbox)][1] == [*expected[:1], *expected[2:1500], *expected[1501:], "new"]
    assert (len(outbox), outbox.lost) == (5999, 2)
    for number in range(1, sent + 1):
        outbox.remove(number)
    outbox.commit(now=True)
    assert (len(outbox), outbox.lost, outbox.on_disk) == (5997, 1, 5997)


@pytest.mark.parametrize("missing", ["file", "log", "both", "replaced"])
def test_a_file_that_is_removed_while_in_use_is_written_anew_with_everything(
    tmp_path: Path, missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    path, clock = tmp_path / "outbox.sqlite", FakeClock()
    outbox = Outbox(path, clock=clock)
    outbox.put("a")
    outbox.commit(now=True)
    outbox.put("b")
    for suffix in {"log": ["-wal"], "both": ["", "-wal"]}.get(missing, [""]):
        path.with_name(path.name + suffix).unlink()
    if missing == "replaced":
        path.write_text("something else")
    assert outbox.on_disk == 0
    clock.advance(PURGE_INTERVAL)
    outbox.commit()
    assert (payloads(outbox), on_disk(path), outbox.on_disk, outbox.lost) == (["a", "b"], ["a", "b"], 2, 0)
    assert caplog.text.count("removed or replaced while in use") == 1
    if missing == "replaced":
        assert (tmp_path / "outbox.sqlite.damaged").read_text() == "something else"
    outbox.close()
    assert payloads(Outbox(path)) == ["a", "b"]


def test_a_folder_that_is_moved_away_is_logged_once_and_used_again_when_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, clock = tmp_path / "state", FakeClock()
    folder.mkdir()
    outbox = Outbox(folder / "outbox.sqlite", clock=clock)
    outbox.put("a")
    outbox.commit()
    folder.rename(tmp_path / "away")
    for _ in range(5):
        clock.advance(70)
        outbox.put("b")
        outbox.commit()
    assert (payloads(outbox), outbox.on_disk, outbox.lost) == (["a", *"bbbbb"], 0, 0)
    assert caplog.text.count("events are kept in memory") == 1
    (tmp_path / "away").rename(folder)
    clock.advance(70)
    outbox.commit()
    assert (on_disk(folder / "outbox.sqlite"), outbox.on_disk) == (["a", *"bbbbb"], 6)


def test_a_second_run_that_begins_without_its_file_keeps_the_order_of_the_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, clock = tmp_path / "outbox.sqlite", FakeClock()

    def refuse(path: Path) -> tuple[Store, int]:
        raise sqlite3.OperationalError("unable to open database file")

    for event in "abc":
        with monkeypatch.context() as patch:
            patch.setattr("fer_edge.mqtt.outbox.open_store", refuse)
            outbox = Outbox(path, clock=clock)
            outbox.put(event)
        clock.advance(100)
        outbox.close()
    assert payloads(Outbox(path)) == ["a", "b", "c"]


def test_everything_in_memory_is_saved_at_the_end_once_the_disk_works_again(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    outbox = Outbox(folder / "outbox.sqlite")
    folder.rename(tmp_path / "away")
    for number in range(3000):
        outbox.put(str(number))
    outbox.commit()
    assert outbox.problem
    (tmp_path / "away").rename(folder)
    outbox.close()
    assert payloads(Outbox(folder / "outbox.sqlite")) == [str(number) for number in range(3000)]


def test_two_processes_cannot_share_a_file(tmp_path: Path) -> None:
    first = Outbox(tmp_path / "outbox.sqlite")
    with pytest.raises(UsageError, match="another process uses it"):
        Outbox(tmp_path / "outbox.sqlite")
    first.close()


def test_an_event_dropped_after_it_was_sent_is_not_lost_if_it_arrives(path: Path | None) -> None:
    outbox = Outbox(path, FEW)
    for number in range(3):
        outbox.put(str(number))
    outbox.commit(now=True)
    sent = [row.number for row in outbox.after(0, 2)]
    outbox.put("3")
    outbox.commit(now=True)
    assert (len(outbox), outbox.lost) == (3, 1)
    for number in sent:
        outbox.remove(number)
    outbox.commit(now=True)
    assert (len(outbox), outbox.lost, payloads(outbox)) == (2, 0, ["2", "3"])


def test_a_file_of_an_earlier_version_is_readable(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE event (number INTEGER PRIMARY KEY AUTOINCREMENT, payload TEXT NOT NULL)")
        database.executemany("INSERT INTO event (payload) VALUES (?)", [("a",), ("b",)])
    database.close()
    outbox = Outbox(path)
    outbox.put("c")
    outbox.commit()
    assert payloads(outbox) == ["a", "b", "c"]
