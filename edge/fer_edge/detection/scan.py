"""What the scans for new faces share: when a part of the frame has to be searched again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box
from fer_edge.zones import Zone

MOTION_ROWS = 60  # about this many rows are left of the frame when it is compared with an earlier one


class Scan(Protocol):
    """Searches the frame for new faces, a part in each frame. Deterministic: depends only on frames and timestamps."""

    def reset(self) -> None:
        """Search everything again, whether it has changed or not."""
        ...

    def step(self, pyramid: Pyramid, known: Sequence[Box], time: float) -> list[Box] | None:
        """Search the next part that is due.

        Args:
            pyramid: The frame.
            known: The tracked faces, pixels.
            time: Time of the frame, seconds.

        Returns:
            Candidates, pixels of the frame; some may overlap a known face. None if no part was due.
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


def ignored_pixels(zones: Sequence[Zone], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The pixels in ignored zones of a scaled-down frame with these rows and columns."""
    height, width = shape
    pixels = np.zeros((height, width), np.bool_)
    for zone in (zone for zone in zones if zone.ignored):
        for y, x in np.ndindex(height, width):
            pixels[y, x] |= zone.contains((x + 0.5) / width, (y + 0.5) / height)
    return pixels


def without_ignored(part: Box, ignored: NDArray[np.bool_], scale: float) -> Box | None:
    """The smallest part of the frame with every pixel of `part` that is not ignored; None if all are.

    Args:
        part: Pixels of the frame.
        ignored: See ignored_pixels.
        scale: Pixels of the frame per pixel of `ignored`.
    """
    rows, columns = touched_pixels(part, scale)
    if not ignored[rows, columns].any():
        return part
    x, y, w, h = cv2.boundingRect((~ignored[rows, columns]).astype(np.uint8))
    return Box(*(round(scale * side) for side in (columns.start + x, rows.start + y, w, h))) if w else None
