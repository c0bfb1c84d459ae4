"""A machine that is hot or slow is asked for less: it searches and classifies less often, and says so."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from fer_edge.cameras.base import FrameSource
from fer_edge.monitoring.system import CAPPED, HOT, THROTTLED, VOLTAGE, WARM, read_throttling, temperature
from fer_edge.pipeline import Pipeline

log = logging.getLogger(__name__)

Cause = Literal["hot", "slow"]

LOOK = 10.0  # seconds between two looks
COOL = 75.0  # degrees Celsius below which the heat is over
MANY, FEW = 0.3, 0.1  # of the camera's frames are dropped: too slow, and fast enough again
LASTING = 3  # looks in a row that find a strain until less is asked
CALM, LONGEST = 6, 360  # looks in a row that find none until more is asked again: at first, at most (an hour)
EASE = (1, 2, 4)  # how many times less often


@dataclass(frozen=True)
class HeatSensors:
    """What tells of heat; handed in. temperature: degrees Celsius. throttling: see read_throttling."""

    temperature: Callable[[], float | None] = temperature
    throttling: Callable[[], int | None] = read_throttling


class LoadShedder:
    """Looks at the machine now and then, and eases the work of the pipeline in two steps, or takes that back.

    The frames of a file are never worked on less: what comes of them is to be the same everywhere. A strain that comes
    back as soon as all is asked again is given twice the time, and twice again, so that nothing swings to and fro.
    """

    def __init__(
        self, source: FrameSource, pipeline: Pipeline, clock: Callable[[], float], sensors: HeatSensors | None = None
    ) -> None:
        """`clock` gives seconds."""
        self.degraded: Cause | None = None  # why less is done than was asked for
        self._source, self._pipeline, self._clock = source, pipeline, clock
        self._sensors = sensors or HeatSensors()
        self._look_at = clock() + LOOK
        self._frames, self._dropped = 0, source.dropped
        self._level = self._strained = self._calm = 0
        self._timeout, self._eased_before = CALM, False

    def turn(self, *, frame: bool) -> None:
        """The loop has turned once more, with a frame or without."""
        self._frames += frame
        now = self._clock()
        if self._source.live and now >= self._look_at:
            self._look_at = now + LOOK
            self._look()

    def _look(self) -> None:
        dropped = self._source.dropped - self._dropped
        share = dropped / max(1, dropped + self._frames)
        self._frames, self._dropped = 0, self._source.dropped
        degrees, bits = self._sensors.temperature(), self._sensors.throttling() or 0
        if _is_hot(degrees, bits):
            self._find("hot", f"hot, {_words(degrees, bits)}")
        elif share > MANY:
            self._find("slow", f"too slow: {share:.0%} of the camera's frames are dropped")
        elif share < FEW and (degrees is None or degrees < COOL):
            self._find_none()
        else:
            self._strained = self._calm = 0

    def _find(self, cause: Cause, words: str) -> None:
        self._strained, self._calm = self._strained + 1, 0
        if self.degraded:
            self.degraded = cause
        if self._strained < LASTING or self._level == len(EASE) - 1:
            return
        if self._eased_before:
            self._timeout, self._eased_before = min(2 * self._timeout, LONGEST), False
        if not self.degraded:
            log.warning("the machine is %s; it searches and classifies less often until that is over", words)
        self.degraded = cause
        self._ease(self._level + 1)

    def _find_none(self) -> None:
        self._strained, self._calm = 0, self._calm + 1
        if self._calm < self._timeout:
            return
        if not self._level:
            self._timeout, self._eased_before = CALM, False
            return
        self._eased_before = True
        self._ease(self._level - 1)
        if not self._level:
            log.info("the machine is no longer %s; it searches and classifies as often as before", self.degraded)
            self.degraded = None

    def _ease(self, level: int) -> None:
        self._level, self._strained, self._calm = level, 0, 0
        self._pipeline.adjust(replace(self._pipeline.options, slowdown=EASE[level]))


def _is_hot(degrees: float | None, bits: int) -> bool:
    """Too little voltage slows a Pi down as well, but that is no heat."""
    slowed = bits & WARM or (bits & (CAPPED | THROTTLED) and not bits & VOLTAGE)
    return bool(slowed) or (degrees is not None and degrees >= HOT)


def _words(degrees: float | None, bits: int) -> str:
    told = "" if degrees is None else f"{degrees} °C"
    return ", ".join(filter(None, [told, "slowed down by its firmware" if bits else ""]))
