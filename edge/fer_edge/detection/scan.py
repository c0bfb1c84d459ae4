"""What the scans for new faces share: when a part of the frame has to be searched again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

MOTION_ROWS = 60  # about this many rows are left of the frame when it is compared with an earlier one
TRACKED_SURROUNDINGS = 2.0  # in widths of a tracked face: motion there is that of the face


class Scan(Protocol):
    """Searches the frame for new faces, a part in each frame. Deterministic: depends only on frames and timestamps."""

    def reset(self) -> None:
        """Search everything again, whether it has changed or not."""
        ...

    def step(self, pyramid: Pyramid, known: Sequence[Box], time: float) -> list[Box]:
        """Search the next part that is due.

        Args:
            pyramid: The frame.
            known: The tracked faces, pixels.
            time: Time of the frame, seconds.

        Returns:
            Candidates, pixels of the frame; some may overlap a known face.
        """
        ...


@dataclass(frozen=True)
class ScanRules:
    """When a part of the frame is searched again.

    Attributes:
        motion_threshold: Difference of the scaled-down frames that counts as motion, grey levels.
        max_age: Seconds after which all of it is searched, whether it has changed or not.
    """

    motion_threshold: float = 5.0
    max_age: float = 4.0


def scaled_for_motion(pyramid: Pyramid) -> NDArray[np.uint8]:
    """The frame at about MOTION_ROWS rows, in which noise is averaged out."""
    return pyramid.level(max(0, round(math.log2(pyramid.height / MOTION_ROWS))))


def touched_pixels(box: Box, scale: float) -> tuple[slice, slice]:
    """The rows and columns that a box touches in a picture that is `scale` times smaller."""
    rows = slice(int(box.y / scale), math.ceil((box.y + box.h) / scale))
    return rows, slice(int(box.x / scale), math.ceil((box.x + box.w) / scale))
