"""Decides when a camera that has failed is opened again."""

from __future__ import annotations

import random
from collections.abc import Callable

from fer_edge.clock import Clock

FIRST_DELAY, LONGEST_DELAY = 1.0, 60.0  # seconds
JITTER_SHARE = 0.25  # of a delay, added at most: many devices must not all try at the same moment
STABLE_TIME = 10.0  # seconds of frames after which the delays start again from the first


class RetrySchedule:
    """Exponential back-off with jitter: each failure doubles the delay, up to a minute."""

    def __init__(self, clock: Clock, jitter: Callable[[], float] = random.random) -> None:
        """The first attempt may be made at once. `jitter` gives numbers from 0 to 1."""
        self._clock, self._jitter = clock, jitter
        self._delay = 0.0
        self._next_attempt = clock.monotonic()
        self._working_since: float | None = None

    def wait(self, limit: float) -> bool:
        """Return whether it is time for an attempt; if not, sleep until then, but at most `limit` seconds."""
        remaining = self._next_attempt - self._clock.monotonic()
        if remaining > 0:
            self._clock.sleep(min(limit, remaining))
        return remaining <= 0

    def record_failure(self) -> None:
        """The camera has failed: set the time of the next attempt."""
        self.record_interruption()
        self._delay = min(LONGEST_DELAY, max(FIRST_DELAY, 2 * self._delay))
        self._next_attempt = self._clock.monotonic() + self._delay * (1 + JITTER_SHARE * self._jitter())

    def record_interruption(self) -> None:
        """There are no frames at present, but the camera may continue by itself."""
        self._working_since = None

    def record_frame(self) -> None:
        """The camera has delivered a good frame."""
        now = self._clock.monotonic()
        if self._working_since is None:
            self._working_since = now
        elif now - self._working_since >= STABLE_TIME:
            self._delay = 0.0
