"""How many frames go through, and how long each stage takes."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

LEAST = 1.0  # seconds that tell something; the same is told again when it is asked for sooner
MOST = 4096  # times of a stage that are kept: a minute at 60 frames a second

Reading = tuple[float, dict[str, dict[str, float]]]  # frames a second; stage -> p50, p95 -> milliseconds


class Meter:
    """The times of stages since they were last taken. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.frames = 0
        self._clock = clock
        self._times: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=MOST))
        self._since, self._taken = clock(), 0
        self._last: Reading | None = None

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done meanwhile."""
        start = self._clock()
        try:
            yield
        finally:
            self._times[name].append(self._clock() - start)

    def take(self) -> Reading:
        """Frames a second, and p50 and p95 of each stage in milliseconds, since they were last read."""
        now = self._clock()
        if self._last and now - self._since < LEAST:
            return self._last
        rate = (self.frames - self._taken) / max(now - self._since, 1e-9)
        stages = {name: _percentiles(times) for name, times in self._times.items()}
        self._since, self._taken = now, self.frames
        self._times.clear()
        self._last = round(rate, 2), stages
        return self._last


def _percentiles(seconds: deque[float]) -> dict[str, float]:
    p50, p95 = np.percentile(np.array(seconds) * 1000, (50, 95))
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2)}
