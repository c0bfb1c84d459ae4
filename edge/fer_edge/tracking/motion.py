"""Where a face is expected, from where it was detected."""

from __future__ import annotations

import math
from typing import NamedTuple

from fer_edge.geometry import Box

VELOCITY_SMOOTHING = 0.15  # seconds, time constant


class Motion(NamedTuple):
    """The last position of a face and its smoothed velocity.

    Attributes:
        box: Where the face was last detected, pixels.
        time: When that was, seconds.
        velocity: x and y, pixels per second.
    """

    box: Box
    time: float
    velocity: tuple[float, float] = (0.0, 0.0)

    def at(self, time: float) -> Box:
        """The box at a time, seconds, at constant velocity."""
        elapsed = time - self.time
        if not elapsed:
            return self.box
        return self.box.translated(self.velocity[0] * elapsed, self.velocity[1] * elapsed)

    def updated(self, box: Box, time: float) -> Motion:
        """The motion after a detection in the frame at `time`, seconds."""
        elapsed = time - self.time
        if elapsed <= 0:
            return Motion(box, time, self.velocity)
        weight = 1 - math.exp(-elapsed / VELOCITY_SMOOTHING)
        (x, y), (last_x, last_y), (vx, vy) = box.centre, self.box.centre, self.velocity
        velocity = (
            vx + weight * ((x - last_x) / elapsed - vx),
            vy + weight * ((y - last_y) / elapsed - vy),
        )
        return Motion(box, time, velocity)
