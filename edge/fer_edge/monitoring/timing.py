"""How many frames go through, and how long each stage takes."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

LEAST = 1.0  # seconds that tell something; the same is told again when it is asked for sooner
MOST = 4096  # times of a stage that are kept: a minute at 60 frames a second

TimingReading = tuple[float, dict[str, dict[str, float]]]  # frames a second; stage -> p50, p95 -> milliseconds


class StageTimer:
    """The times of stages, taken by the loop over the frames. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.frames = 0
        self.clock = clock
        self._times: defaultdict[str, deque[tuple[float, float]]] = defaultdict(lambda: deque(maxlen=MOST))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done meanwhile."""
        start = self.clock()
        try:
            yield
        finally:
            end = self.clock()
            self._times[name].append((end, end - start))

    def times(self, since: float) -> dict[str, list[float]]:
        """The seconds that each stage took when it ended at `since` or later. May be called from any thread."""
        kept = {name: list(times) for name, times in dict(self._times).items()}
        spans = {name: [seconds for end, seconds in times if end >= since] for name, times in kept.items()}
        return {name: seconds for name, seconds in spans.items() if seconds}


class TimingReader:
    """Reads a meter now and then, without regard to who else does."""

    def __init__(self, meter: StageTimer) -> None:
        self._meter = meter
        self._since, self._frames = meter.clock(), meter.frames
        self._last: TimingReading | None = None

    def take(self) -> TimingReading:
        """Frames a second, and p50 and p95 of each stage in milliseconds, since they were last read here."""
        now, frames = self._meter.clock(), self._meter.frames
        if self._last and now - self._since < LEAST:
            return self._last
        rate = (frames - self._frames) / max(now - self._since, 1e-9)
        stages = {name: _percentiles(times) for name, times in self._meter.times(self._since).items()}
        self._since, self._frames = now, frames
        self._last = round(rate, 2), stages
        return self._last


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    p50, p95 = np.percentile(np.array(seconds) * 1000, (50, 95))
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2)}
