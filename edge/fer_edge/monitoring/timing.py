"""Frame rate, and how long each stage of the pipeline takes."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from fer_edge.clock import Clock

MIN_READING_INTERVAL = 1.0  # seconds; within it the last reading is returned again, since one over less time is noise
MAX_SAMPLES = 4096  # kept for each stage: a minute at 60 frames per second


@dataclass(frozen=True)
class TimingReading:
    """What was measured since the last reading.

    Attributes:
        fps: Frames per second.
        stages_ms: Stage -> `p50` and `p95` of its time, in milliseconds.
        frames: Number of frames since the start of the run.
    """

    fps: float
    stages_ms: dict[str, dict[str, float]]
    frames: int


class StageTimer:
    """Times stages, in the loop over the frames.

    Attributes:
        frames: Number of frames processed.
        clock: The clock of the run.
    """

    def __init__(self, clock: Clock) -> None:
        self.frames = 0
        self.clock = clock
        self._samples: defaultdict[str, deque[tuple[float, float]]] = defaultdict(lambda: deque(maxlen=MAX_SAMPLES))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the body of the `with` statement, even if it raises."""
        start = self.clock.monotonic()
        try:
            yield
        finally:
            end = self.clock.monotonic()
            self._samples[name].append((end, end - start))

    def durations(self, since: float) -> dict[str, list[float]]:
        """The seconds that each stage took when it ended at `since` or later. Safe to call from any thread."""
        samples = {name: list(kept) for name, kept in dict(self._samples).items()}
        durations = {name: [seconds for end, seconds in kept if end >= since] for name, kept in samples.items()}
        return {name: kept for name, kept in durations.items() if kept}


class TimingReader:
    """Reads a timer from time to time, independently of other readers."""

    def __init__(self, timer: StageTimer) -> None:
        self._timer = timer
        self._since = timer.clock.monotonic()
        self._frames = timer.frames
        self._last: TimingReading | None = None

    def read(self) -> TimingReading:
        """What was measured since the last reading."""
        now, frames = self._timer.clock.monotonic(), self._timer.frames
        if self._last and now - self._since < MIN_READING_INTERVAL:
            return replace(self._last, frames=frames)
        fps = (frames - self._frames) / max(now - self._since, 1e-9)
        stages_ms = {name: _percentiles(seconds) for name, seconds in self._timer.durations(self._since).items()}
        self._since, self._frames = now, frames
        self._last = TimingReading(round(fps, 2), stages_ms, frames)
        return self._last


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    p50, p95 = np.percentile(np.array(seconds) * 1000, (50, 95))
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2)}
