"""Search for a face near an expected position."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from fer_edge.detection.base import Patch
from fer_edge.detection.haar import open_cascade
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

PATCH_SIZE = 24  # pixels
MIN_CASCADE_SIZE = 20  # pixels; the cascade was trained on windows of this size
SMALLEST_RATIO, LARGEST_RATIO = 0.75, 1.4  # width of the detected face by the expected one
TEMPLATE_WINDOW = 1.6  # width of the window of template matching, in widths of the face
MAX_STILL_DIFFERENCE = 3.0  # grey levels; a mean difference of two patches up to this is noise of the sensor


class _Search(NamedTuple):
    """Parameters of the cascade for one kind of search.

    Attributes:
        face_sizes: Widths, pixels, that the expected face is scaled to. Repeated searches take turns, since a face
            that is missed at one size is often detected at another.
        window: Width of the searched window, in widths of the face.
        min_neighbors: Overlapping hits of the cascade that make a detection.
        scale_factor: From one searched size to the next.
    """

    face_sizes: tuple[int, ...]
    window: float
    min_neighbors: int
    scale_factor: float


# From 40 pixels on, the cascade visits every pixel of the window and detects what it detects at full resolution.
VERIFY = _Search(face_sizes=(48, 44, 52), window=1.6, min_neighbors=6, scale_factor=1.07)
FAST = _Search(face_sizes=(34, 32, 36), window=1.6, min_neighbors=1, scale_factor=1.2)
THOROUGH = _Search(face_sizes=(48, 44, 52), window=2.0, min_neighbors=2, scale_factor=1.1)


class LocalSearch:
    """Runs the cascade on a scaled-down window around an expected face.

    A new face needs strong evidence; a tracked face needs little. `attempt` counts the searches for one face.
    """

    def __init__(self) -> None:
        """Raises RuntimeError if this OpenCV comes without the cascade."""
        self._cascade = open_cascade()

    def verify(self, pyramid: Pyramid, box: Box, attempt: int = 0) -> Box | None:
        """The face at `box`, where there may be one: a fine search in which many hits must agree."""
        return self._search(pyramid, box, attempt, VERIFY)

    def redetect(self, pyramid: Pyramid, box: Box, attempt: int = 0, *, thorough: bool = True) -> Box | None:
        """The tracked face that is expected at `box`.

        If the fast search misses it, a `thorough` one follows, which costs four times as much.
        """
        found = self._search(pyramid, box, attempt, FAST)
        return self._search(pyramid, box, attempt, THOROUGH) if found is None and thorough else found

    def _search(self, pyramid: Pyramid, box: Box, attempt: int, search: _Search) -> Box | None:
        size = search.face_sizes[attempt % len(search.face_sizes)]
        window = pyramid.window(box.scaled(search.window), box.w / size)
        if window is None:
            return None
        width = box.w / window.shrink
        smallest, largest = max(MIN_CASCADE_SIZE, round(SMALLEST_RATIO * width)), round(LARGEST_RATIO * width)
        found = self._cascade.detectMultiScale(
            window.pixels,
            search.scale_factor,
            search.min_neighbors,
            minSize=(smallest, smallest),
            maxSize=(largest, largest),
        )
        faces = [window.to_picture(*rect) for rect in found]
        return max(faces, key=lambda face: (face.iou(box), face), default=None)


def cut_patch(pyramid: Pyramid, box: Box) -> Patch | None:
    """The appearance of a face, uint8 [PATCH_SIZE,PATCH_SIZE]; None if the box is outside the picture."""
    window = pyramid.window(box, box.w / PATCH_SIZE)
    return None if window is None else np.asarray(cv2.resize(window.pixels, (PATCH_SIZE, PATCH_SIZE)), np.uint8)


def is_unchanged(pyramid: Pyramid, box: Box, patch: Patch) -> bool:
    """Whether the picture at `box` still equals the patch, apart from noise."""
    current = cut_patch(pyramid, box)
    return current is not None and float(cv2.norm(current, patch, cv2.NORM_L1)) <= MAX_STILL_DIFFERENCE * patch.size


def match_patch(pyramid: Pyramid, box: Box, patch: Patch, min_correlation: float) -> Box | None:
    """Where the patch is now, by template matching around `box`.

    Args:
        pyramid: The picture.
        box: Where the face is expected, pixels.
        patch: Its appearance.
        min_correlation: Normalised correlation that the best match must reach, 0..1.

    Returns:
        The best match, of the size of `box`, or None if it is not good enough.
    """
    window = pyramid.window(box.scaled(TEMPLATE_WINDOW), box.w / PATCH_SIZE)
    if window is None or min(window.pixels.shape) < PATCH_SIZE:
        return None
    correlation = cv2.matchTemplate(window.pixels, patch, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(correlation)
    return window.to_picture(x, y, PATCH_SIZE, PATCH_SIZE) if best >= min_correlation else None
