"""Decides when a camera that has failed is opened again."""

from __future__ import annotations

import random
from collections.abc import Callable

from fer_edge.backoff import Backoff
from fer_edge.clock import Clock

JITTER_SHARE = 0.25  # of a delay, added at most: many devices must not all try at the same moment
STABLE_TIME = 10.0  # seconds of frames after which the delays start again from the first


class RetrySchedule:
    """Exponential back-off with jitter. The delays start from the first again once the camera has worked stably."""

    def __init__(
        self, clock: Clock, backoff: Backoff | None = None, jitter: Callable[[], float] = random.random
    ) -> None:
        """The first attempt may be made at once. `jitter` gives numbers from 0 to 1."""
        self._clock, self._jitter, self._backoff = clock, jitter, backoff or Backoff()
        self._delays = self._backoff.delays()
        self._next_attempt = clock.monotonic()
        self._working_since: float | None = None

    def wait(self, limit: float) -> bool:
        """Return whether it is time for an attempt; if not, sleep until then, but at most `limit` seconds."""
        remaining = self._next_attempt - self._clock.monotonic()
        if remaining > 0:
            self._clock.sleep(min(limit, remaining))
        return remaining <= 0

    def record_failure(self) -> None:
        """Set the time of the next attempt: the camera has failed."""
        self.record_interruption()
        delay = next(self._delays) * (1 + JITTER_SHARE * self._jitter())
        self._next_attempt = self._clock.monotonic() + delay

    def record_interruption(self) -> None:
        """Note that there are no frames at present; the camera may continue by itself."""
        self._working_since = None

    def record_frame(self) -> None:
        """Note that the camera has delivered a good frame."""
        now = self._clock.monotonic()
        if self._working_since is None:
            self._working_since = now
        elif now - self._working_since >= STABLE_TIME:
            self._delays = self._backoff.delays()
