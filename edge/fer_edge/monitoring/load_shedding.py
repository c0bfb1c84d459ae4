"""Reduces the work while the machine is hot or slow: faces are searched for and classified less often."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from fer_edge.cameras.base import FrameSource
from fer_edge.clock import Clock
from fer_edge.monitoring.system import (
    FREQUENCY_CAPPED,
    HOT,
    SOFT_TEMPERATURE_LIMIT,
    THROTTLED,
    UNDER_VOLTAGE,
    read_throttling,
    temperature,
)

log = logging.getLogger(__name__)

Cause = Literal["hot", "slow"]

CHECK_INTERVAL = 10.0  # seconds
COOL = 75.0  # degrees Celsius below which the machine is no longer hot
MAX_DROPPED, MIN_DROPPED = 0.3, 0.1  # share of the camera's frames dropped: too slow above, fast enough below
CHECKS_TO_REDUCE = 3  # overloaded checks in a row until the work is reduced
CHECKS_TO_RECOVER = 6  # normal checks in a row until it is increased again, at first
MAX_CHECKS_TO_RECOVER = 360  # the same at most: an hour
SLOWDOWNS = (1, 2, 4)  # factors by which searching and classifying become less frequent


@dataclass(frozen=True)
class HeatSensors:
    """Reads how hot the machine is.

    Attributes:
        temperature: Degrees Celsius.
        throttling: See read_throttling.
    """

    temperature: Callable[[], float | None] = temperature
    throttling: Callable[[], int | None] = read_throttling


class DropRate:
    """Measures which share of a source's frames is dropped.

    Attributes:
        frames: Number of frames processed since the last measurement.
    """

    def __init__(self, source: FrameSource) -> None:
        self.frames = 0
        self._source, self._dropped = source, source.dropped

    def take(self) -> float:
        """The share of frames dropped since the last call, 0..1."""
        dropped = self._source.dropped - self._dropped
        share = dropped / max(1, dropped + self.frames)
        self.frames, self._dropped = 0, self._source.dropped
        return share


class SlowdownLevel:
    """Chooses one of SLOWDOWNS from the checks of a machine.

    An overload that returns as soon as the work is increased doubles the number of normal checks that the next increase
    takes, so that the level does not oscillate.

    Attributes:
        level: Index into SLOWDOWNS.
    """

    def __init__(self) -> None:
        self.level = 0
        self._overloaded = self._normal = 0  # checks in a row
        self._to_recover = CHECKS_TO_RECOVER
        self._just_increased = False  # whether the last change was an increase of the work

    def on_overloaded(self) -> bool:
        """Count an overloaded check. Returns whether the level has changed."""
        self._overloaded, self._normal = self._overloaded + 1, 0
        if self._overloaded < CHECKS_TO_REDUCE or self.level == len(SLOWDOWNS) - 1:
            return False
        if self._just_increased:
            self._to_recover = min(2 * self._to_recover, MAX_CHECKS_TO_RECOVER)
            self._just_increased = False
        self._set(self.level + 1)
        return True

    def on_normal(self) -> bool:
        """Count a normal check. Returns whether the level has changed."""
        self._overloaded, self._normal = 0, self._normal + 1
        if self._normal < self._to_recover:
            return False
        if not self.level:
            self._to_recover, self._just_increased = CHECKS_TO_RECOVER, False
            return False
        self._just_increased = True
        self._set(self.level - 1)
        return True

    def on_borderline(self) -> None:
        """The check was neither overloaded nor normal: reset the counts."""
        self._overloaded = self._normal = 0

    def _set(self, level: int) -> None:
        self.level, self._overloaded, self._normal = level, 0, 0


class LoadShedder:
    """Checks the machine every CHECK_INTERVAL seconds, and reduces or increases the work in two steps.

    The frames of a file are always processed in full, so that their events are the same on every machine.

    Attributes:
        degraded: Why the work is reduced; None when it is not.
    """

    def __init__(
        self, source: FrameSource, slow_down: Callable[[int], None], clock: Clock, sensors: HeatSensors | None = None
    ) -> None:
        """`slow_down` makes the pipeline search and classify less often by the factor it is given."""
        self.degraded: Cause | None = None
        self._source, self._slow_down, self._clock = source, slow_down, clock
        self._sensors = sensors or HeatSensors()
        self._drop_rate = DropRate(source)
        self._slowdown = SlowdownLevel()
        self._next_check = clock.monotonic() + CHECK_INTERVAL

    def update(self, *, frame: bool) -> None:
        """Called by the loop over the frames, with or without a frame: check the machine if a check is due."""
        self._drop_rate.frames += frame
        now = self._clock.monotonic()
        if self._source.live and now >= self._next_check:
            self._next_check = now + CHECK_INTERVAL
            self._check()

    def _check(self) -> None:
        dropped = self._drop_rate.take()
        degrees, bits = self._sensors.temperature(), self._sensors.throttling() or 0
        if _is_hot(degrees, bits):
            self._on_overloaded("hot", f"hot, {_describe_heat(degrees, bits)}")
        elif dropped > MAX_DROPPED:
            self._on_overloaded("slow", f"too slow: {dropped:.0%} of the camera's frames are dropped")
        elif dropped < MIN_DROPPED and (degrees is None or degrees < COOL):
            self._on_normal()
        else:
            self._slowdown.on_borderline()

    def _on_overloaded(self, cause: Cause, description: str) -> None:
        if self.degraded:
            self.degraded = cause
        if not self._slowdown.on_overloaded():
            return
        if not self.degraded:
            log.warning("the machine is %s; searching and classifying less often until this is over", description)
        self.degraded = cause
        self._slow_down(SLOWDOWNS[self._slowdown.level])

    def _on_normal(self) -> None:
        if not self._slowdown.on_normal():
            return
        self._slow_down(SLOWDOWNS[self._slowdown.level])
        if not self._slowdown.level:
            log.info("the machine is no longer %s; searching and classifying as often as before", self.degraded)
            self.degraded = None


def _is_hot(degrees: float | None, bits: int) -> bool:
    """Whether the firmware slows the processor down for heat; it does so for a low voltage, too."""
    slowed = bits & SOFT_TEMPERATURE_LIMIT or (bits & (FREQUENCY_CAPPED | THROTTLED) and not bits & UNDER_VOLTAGE)
    return bool(slowed) or (degrees is not None and degrees >= HOT)


def _describe_heat(degrees: float | None, bits: int) -> str:
    parts = ["" if degrees is None else f"{degrees} °C", "slowed down by its firmware" if bits else ""]
    return ", ".join(part for part in parts if part)
