"""The monitor of a machine that runs out of memory."""

from __future__ import annotations

import logging

import pytest
from tests.support.clock import FakeClock

from fer_edge.monitoring.memory import CHECK_INTERVAL, MemoryMonitor


class Memory:
    """Reports what a test sets, and counts how often memory is released."""

    def __init__(self) -> None:
        self.megabytes: float | None = 500.0
        self.releases = 0

    def available(self) -> float | None:
        return self.megabytes

    def release(self) -> None:
        self.releases += 1


def test_a_shortage_is_logged_once_and_memory_released_until_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock, memory = FakeClock(), Memory()
    monitor = MemoryMonitor(clock, memory.available, memory.release)
    for memory.megabytes in (500, 60, 50, 100, 60, 200, 300, None, 40):
        clock.advance(CHECK_INTERVAL)
        monitor.update()
        monitor.update()  # too soon for another check
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "memory is low",
        "memory is no longer low",
        "memory is low",
    ]
    assert memory.releases == 4
