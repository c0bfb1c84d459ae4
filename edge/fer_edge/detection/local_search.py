"""Looking again where a face is known to be."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.detection.haar import open_cascade
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

Patch = NDArray[np.uint8]

SIDE = 24  # pixels of a patch
QUICK = (34, 32, 36)  # pixels that a known face is shrunk to; looks that follow each other differ, for better luck
SURE = (48, 44, 52)  # from 40 pixels on the cascade's windows lie at every pixel: it finds what it finds at full size
NARROW, WIDE = 1.6, 2.0  # how much wider than the face the window is
UNCHANGED = 3.0  # mean difference of two patches, grey levels, up to which the face has not moved


class LocalSearch:
    """Finds a face again near where it was, by the cascade in a shrunken window.

    `turn` counts the looks at a face. A new face is hard to believe, and one that is known to be there easy.
    """

    def __init__(self) -> None:
        """Raises RuntimeError when this OpenCV has no such cascade."""
        self._cascade = open_cascade()

    def verify(self, pyramid: Pyramid, box: Box, turn: int = 0) -> Box | None:
        """The face at `box`, where there may be one: a look in fine steps, many of which must agree."""
        return self._detect(pyramid, box, SURE[turn % len(SURE)], NARROW, 6, 1.07)

    def look(self, pyramid: Pyramid, box: Box, turn: int = 0, *, thorough: bool = True) -> Box | None:
        """The face that is known to be near `box`: at a quick glance, or else by a `thorough` one.

        That one is four times the price.
        """
        quick = self._detect(pyramid, box, QUICK[turn % len(QUICK)], NARROW, 1, 1.2)
        if quick or not thorough:
            return quick
        return self._detect(pyramid, box, SURE[turn % len(SURE)], WIDE, 2, 1.1)

    def _detect(self, pyramid: Pyramid, box: Box, size: int, wide: float, neighbours: int, step: float) -> Box | None:
        window = pyramid.window(box.scaled(wide), box.w / size)
        if not window:
            return None
        face = box.w / window.shrink
        smallest, largest = max(20, round(0.75 * face)), round(1.4 * face)
        found = self._cascade.detectMultiScale(
            window.pixels, step, neighbours, minSize=(smallest, smallest), maxSize=(largest, largest)
        )
        boxes = [window.box(*rect) for rect in found]
        return max(boxes, key=lambda found: (found.iou(box), found), default=None)


def patch(pyramid: Pyramid, box: Box) -> Patch | None:
    """What a face looks like, uint8 [SIDE,SIDE]; None when it lies outside of the picture."""
    window = pyramid.window(box, box.w / SIDE)
    return None if window is None else np.asarray(cv2.resize(window.pixels, (SIDE, SIDE)), np.uint8)


def unchanged(pyramid: Pyramid, box: Box, last: Patch) -> bool:
    """Whether the picture at `box` is still that of the patch."""
    now = patch(pyramid, box)
    return now is not None and float(cv2.norm(now, last, cv2.NORM_L1)) <= UNCHANGED * SIDE * SIDE


def follow(pyramid: Pyramid, box: Box, last: Patch, alike: float) -> Box | None:
    """Where the patch has gone from `box`, by normalised correlation, 0..1; None when it is `alike` nowhere."""
    window = pyramid.window(box.scaled(NARROW), box.w / SIDE)
    if window is None or min(window.pixels.shape) < SIDE:
        return None
    likeness = cv2.matchTemplate(window.pixels, last, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(likeness)
    return window.box(x, y, SIDE, SIDE) if best >= alike else None
