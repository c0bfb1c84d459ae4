"""The appearance of a face, and where the same appearance is in a later frame."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

Patch = NDArray[np.uint8]  # appearance of a face: grey, [PATCH_SIZE,PATCH_SIZE]

PATCH_SIZE = 24  # pixels
TEMPLATE_WINDOW = 1.6  # width of the window of template matching, in widths of the face
MOVED_CORRELATION = 0.8  # minimum correlation with its patch at which a moved face still counts as verified
MAX_STILL_DIFFERENCE = 3.0  # grey levels; a mean difference of two patches up to this is noise of the sensor


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
        The best match, of the size of `box`, or None if it is not good enough, or if the patch is of one grey.
    """
    window = pyramid.window(box.scaled(TEMPLATE_WINDOW), box.w / PATCH_SIZE)
    if window is None or min(window.pixels.shape) < PATCH_SIZE:
        return None
    correlation = cv2.matchTemplate(window.pixels, patch, cv2.TM_CCOEFF_NORMED)
    lowest, best, _, (x, y) = cv2.minMaxLoc(correlation)
    if lowest >= 1 and not np.ptp(patch):  # OpenCV defines the correlation with a patch of one grey as 1
        return None
    return window.to_picture(x, y, PATCH_SIZE, PATCH_SIZE) if best >= min_correlation else None
