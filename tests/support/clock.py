"""A clock that tests set by hand."""

from __future__ import annotations

import threading

from fer_edge.clock import Clock

NOON = 1_700_049_600.0  # 2023-11-15T12:00:00Z, seconds since the epoch


class FakeClock(Clock):
    """A clock that moves only when a test advances it, or when the code under test sleeps. Safe to use from threads.

    Attributes:
        now: Monotonic time in seconds.
        wall_offset: What is added to it to get wall time; change it to set the system clock.
    """

    def __init__(self, now: float = 1000.0, wall_offset: float = NOON) -> None:
        super().__init__(wall=self._read_wall, monotonic=self._read_monotonic, sleep=self.advance)
        self.now = now
        self.wall_offset = wall_offset
        self._lock = threading.Lock()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self.now += seconds

    def _read_wall(self) -> float:
        return self.now + self.wall_offset

    def _read_monotonic(self) -> float:
        return self.now
