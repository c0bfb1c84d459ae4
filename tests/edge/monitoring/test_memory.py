"""MemoryMonitor that runs short."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from fer_edge.monitoring.memory import LOOK, MemoryMonitor
from fer_edge.monitoring.system import available_memory, release_memory


def test_what_is_left_is_read_from_the_kernel(tmp_path: Path) -> None:
    here = available_memory()
    assert here is not None
    assert 10 < here < 10_000_000
    assert available_memory(tmp_path) is None
    (tmp_path / "proc").mkdir()
    for text, left in (("MemTotal: 1 kB\nMemAvailable:   51200 kB\n", 51.2), ("MemAvailable:", None), ("x", None)):
        (tmp_path / "proc/meminfo").write_text(text)
        assert available_memory(tmp_path) == left


def test_a_shortage_is_said_once_and_what_is_spare_given_back_until_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    now, given = [0.0], [0]
    left: list[float | None] = [500]
    memory = MemoryMonitor(lambda: now[0], lambda: left[0], lambda: given.__setitem__(0, given[0] + 1))
    for free in (500, 60, 50, 100, 60, 200, 300, None, 40):
        left[0] = free
        now[0] += LOOK
        memory.turn()
        memory.turn()  # too soon for another look
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "memory is short",
        "memory is no longer short",
        "memory is short",
    ]
    assert given == [4]


def test_giving_back_takes_nothing_that_is_in_use() -> None:
    block = bytearray(b"x" * 10_000_000)
    release_memory()
    assert block.count(b"x") == 10_000_000
