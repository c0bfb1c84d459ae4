"""How the device fares, once a minute: the message `health`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .frames import FrameSource
from .meter import Meter, Reader

MEGABYTE = 1_000_000
HOT = 80.0  # degrees Celsius from which a Pi slows down


class Health:
    """Gathers `health` from those who know.

    runs_on: the accelerator, in words. counts: of events, by what became of them. clock: seconds. degraded: why less is
    done than was asked for, `hot` or `slow`. system: where /proc and /sys are.
    """

    def __init__(
        self,
        source: FrameSource,
        meter: Meter,
        runs_on: str,
        counts: Callable[[], dict[str, int]],
        clock: Callable[[], float],
        *,
        degraded: Callable[[], str | None] = lambda: None,
        system: Path = Path("/"),
    ) -> None:
        self._source, self._meter, self._runs_on, self._counts = source, meter, runs_on, counts
        self._reader = Reader(meter)
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
            "camera": self._source.trouble or "ok",
            "accelerator": self._runs_on,
            "degraded": self._degraded(),
            **self._counts(),
            "temperature_c": temperature(self._system),
            "rss_mb": resident(self._system),
        }


def temperature(system: Path = Path("/")) -> float | None:
    """Of the processor in degrees Celsius, or None where it is not told."""
    try:
        return round(int((system / "sys/class/thermal/thermal_zone0/temp").read_text()) / 1000, 1)
    except (OSError, ValueError):
        return None


def resident(system: Path = Path("/")) -> float | None:
    """The memory that this process holds, in megabytes, or None where it is not told."""
    try:
        pages = int((system / "proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE, 1)
