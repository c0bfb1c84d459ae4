from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge.errors import UsageError
from fer_edge.outbox import Outbox


def payloads(outbox: Outbox) -> list[str]:
    return [payload for _, payload in outbox.after(0, 1000)]


def test_events_leave_in_the_order_in_which_they_came_and_only_when_removed() -> None:
    outbox = Outbox()
    for number in range(5):
        outbox.put(f"event {number}")
    (first, payload), (second, _) = outbox.after(0, 2)
    assert payload == "event 0"
    assert [text for _, text in outbox.after(second, 10)] == ["event 2", "event 3", "event 4"]
    outbox.remove(first)
    outbox.remove(first)
    assert len(outbox) == 4
    assert payloads(outbox) == ["event 1", "event 2", "event 3", "event 4"]


def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    first = Outbox(tmp_path / "outbox.sqlite")
    first.put("kept")
    first.close()
    second = Outbox(tmp_path / "outbox.sqlite")
    second.put("newer")
    assert (len(second), payloads(second)) == (2, ["kept", "newer"])


def test_numbers_are_never_used_again(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.sqlite")
    outbox.put("a")
    number = outbox.after(0, 1)[0][0]
    outbox.remove(number)
    outbox.close()
    again = Outbox(tmp_path / "outbox.sqlite")
    again.put("b")
    assert again.after(0, 1)[0][0] > number


def test_a_full_outbox_lets_the_oldest_go_and_counts_it() -> None:
    outbox = Outbox(limit=3)
    for number in range(5):
        outbox.put(str(number))
    assert (len(outbox), outbox.lost, payloads(outbox)) == (3, 2, ["2", "3", "4"])


def test_a_process_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    program = (
        "import sys, itertools; from pathlib import Path; from fer_edge.outbox import Outbox\n"
        "outbox = Outbox(Path(sys.argv[1]))\n"
        "for n in itertools.count():\n    outbox.put(str(n)); print(n, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        told = [int(next(writer.stdout)) for _ in range(50)]
        os.kill(writer.pid, signal.SIGKILL)
        told += [int(line) for line in writer.stdout if line.endswith("\n")]
    kept = [int(payload) for _, payload in Outbox(path).after(0, 1_000_000)]
    assert kept[: len(told)] == told
    assert kept == list(range(len(kept)))


def test_a_full_disk_is_one_line_and_what_was_stored_stays(tmp_path: Path) -> None:
    """The limit on the size of files makes the system refuse to write, as a full disk does."""
    path = tmp_path / "outbox.sqlite"
    program = (
        "import itertools, resource, sys; from pathlib import Path; from fer_edge.outbox import Outbox\n"
        "from fer_edge.errors import run_command\n"
        "outbox = Outbox(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "def fill():\n    for n in itertools.count():\n        outbox.put(f'{n:0500}'); print(n, flush=True)\n"
        "sys.exit(run_command('fer-edge', fill))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"fer-edge: outbox {path}: ")
    assert done.stderr.count("\n") == 1
    told = [int(line) for line in done.stdout.splitlines()]
    assert len(told) > 10
    assert [int(payload) for _, payload in Outbox(path).after(0, 10_000)][: len(told)] == told


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is no database, however long it may be" * 50)
    for path in (tmp_path / "no" / "folder", tmp_path, tmp_path / "text"):
        with pytest.raises(UsageError, match=f"--outbox {path}"):
            Outbox(path)
