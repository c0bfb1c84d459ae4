"""How the device fares, once a minute: the message `health`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fer_edge.cameras.base import FrameSource
from fer_edge.monitoring.system import resident_memory, temperature
from fer_edge.monitoring.timing import StageTimer, TimingReader


class Health:
    """Gathers `health` from those who know.

    runs_on: the accelerator, in words. counts: of events, by what became of them. clock: seconds. degraded: why less is
    done than was asked for, `hot` or `slow`. system: where /proc and /sys are.
    """

    def __init__(
        self,
        source: FrameSource,
        meter: StageTimer,
        runs_on: str,
        counts: Callable[[], dict[str, int]],
        clock: Callable[[], float],
        *,
        degraded: Callable[[], str | None] = lambda: None,
        system: Path = Path("/"),
    ) -> None:
        self._source, self._meter, self._runs_on, self._counts = source, meter, runs_on, counts
        self._reader = TimingReader(meter)
        self._clock, self._degraded, self._system, self._started = clock, degraded, system, clock()

    def message(self) -> dict[str, Any]:
        """The JSON object of `health`; `fps` and `stages_ms` are since the last reading, counts since the start."""
        fps, stages = self._reader.take()
        return {
            "uptime_s": round(self._clock() - self._started, 1),
            "fps": fps,
            "stages_ms": stages,
            "frames": self._meter.frames,
            "dropped": self._source.dropped,
            "camera": str(self._source.problem or "ok"),
            "accelerator": self._runs_on,
            "degraded": self._degraded(),
            **self._counts(),
            "temperature_c": temperature(self._system),
            "rss_mb": resident_memory(self._system),
        }
