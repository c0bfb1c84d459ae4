"""The `health` message: the condition of the device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fer_edge.cameras.base import FrameSource
from fer_edge.clock import Clock
from fer_edge.monitoring.system import resident_memory, temperature
from fer_edge.monitoring.timing import StageTimer, TimingReader


class Health:
    """Makes the `health` message for one reader: rates are since that reader's last message."""

    def __init__(
        self,
        source: FrameSource,
        timer: StageTimer,
        accelerator: str,
        count_events: Callable[[], dict[str, int]],
        clock: Clock,
        *,
        degraded: Callable[[], str | None] = lambda: None,
        paused: Callable[[], bool] = lambda: False,
    ) -> None:
        """Start counting the uptime.

        Args:
            source: Where the frames come from.
            timer: Times the stages of the pipeline and counts frames.
            accelerator: What the model runs on.
            count_events: Returns the number of events by what became of them, `queue`, `lost` and `refused`; and
                `stalls`, the connections that were renewed because the broker no longer acknowledged messages.
            clock: The clock of the run.
            degraded: Returns why the work is reduced, `hot` or `slow`; None when it is not.
            paused: Returns whether the run is paused, and the camera off.
        """
        self._source = source
        self._timing = TimingReader(timer)
        self._accelerator = accelerator
        self._count_events = count_events
        self._clock = clock
        self._degraded = degraded
        self._paused = paused
        self._started = clock.monotonic()

    def message(self) -> dict[str, Any]:
        """The JSON object of `health`; `fps` and `stages_ms` are since the last reading, counts since the start."""
        reading = self._timing.read()
        return {
            "uptime_s": round(self._clock.monotonic() - self._started, 1),
            "fps": reading.fps,
            "stages_ms": reading.stages_ms,
            "frames": reading.frames,
            "dropped": self._source.dropped,
            "camera": "paused" if self._paused() else str(self._source.problem or "ok"),
            "accelerator": self._accelerator,
            "degraded": self._degraded(),
            **self._count_events(),
            "temperature_c": temperature(),
            "rss_mb": resident_memory(),
        }
