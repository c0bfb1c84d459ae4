"""Watches what a camera delivers over time: silence, defective images, darkness."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.base import FRAME_TIMEOUT
from fer_edge.cameras.cures import CHECK_CABLE
from fer_edge.cameras.frame_checks import find_defect, is_dark
from fer_edge.errors import Problem

HANG_TIMEOUT = 15.0  # seconds without any image, and without an error, after which the camera is opened again
DARK_TIME = 30.0  # seconds of darkness after which it is reported


class FrameMonitor:
    """Rejects defective images, and reports when there has been no good one for too long.

    Attributes:
        defective: How many images were rejected.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """`monotonic` gives seconds."""
        self.defective = 0
        self._monotonic = monotonic
        self._defect: str | None = None  # of the images since the last good one
        self._last_good = monotonic()

    def restart(self) -> None:
        """The camera is being opened: count the time without frames from now on."""
        self._defect, self._last_good = None, self._monotonic()

    def accept(self, grey: NDArray[np.uint8]) -> bool:
        """Take note of an image, uint8 [H,W]; return whether it is good."""
        if defect := find_defect(grey):
            self.defective += 1
            self._defect = defect
            return False
        self.restart()
        return True

    @property
    def problem(self) -> Problem | None:
        """What has kept good frames away for FRAME_TIMEOUT; None before that."""
        if self._silence < FRAME_TIMEOUT:
            return None
        return Problem(self._defect or f"no frame for {FRAME_TIMEOUT:.0f} seconds", CHECK_CABLE)

    @property
    def needs_restart(self) -> bool:
        """Whether only opening the camera again can help."""
        return self._silence >= (FRAME_TIMEOUT if self._defect else HANG_TIMEOUT)

    @property
    def _silence(self) -> float:
        return self._monotonic() - self._last_good


class DarknessMonitor:
    """Reports darkness once when it begins. It may be night, so it is no reason to open the camera again."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """`monotonic` gives seconds."""
        self._monotonic = monotonic
        self._last_light = monotonic()
        self._reported = False

    def begins(self, grey: NDArray[np.uint8]) -> bool:
        """Return whether with this image, uint8 [H,W], it has been dark for DARK_TIME and that was not reported yet."""
        now = self._monotonic()
        if not is_dark(grey):
            self._last_light, self._reported = now, False
        elif now - self._last_light >= DARK_TIME and not self._reported:
            self._reported = True
            return True
        return False
