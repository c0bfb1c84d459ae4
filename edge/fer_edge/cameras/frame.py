"""A frame, and how a camera's picture is oriented and scaled for it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.config.camera import CameraOptions, Size

ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
FLIPS = {"h": 1, "v": 0}


@dataclass(frozen=True)
class Frame:
    """One grey picture.

    grey: uint8 [H,W]. time: seconds, on a clock that never goes back; its zero means nothing. number: counted from 0 by
    the source. still: a scene of its own, that has nothing to do with the frame before it. detail: uint8 [H,W], the
    same picture, larger, of the same aspect ratio, to cut faces from; `grey` is what is searched, and boxes are in its
    pixels.
    """

    grey: NDArray[np.uint8]
    time: float
    number: int
    still: bool = False
    detail: NDArray[np.uint8] | None = None


def oriented(grey: NDArray[np.uint8], options: CameraOptions) -> NDArray[np.uint8]:
    """A picture, uint8 [H,W], rotated and mirrored; the same array when there is nothing to do."""
    if options.rotate:
        grey = np.asarray(cv2.rotate(grey, ROTATIONS[options.rotate]), np.uint8)
    if options.flip:
        grey = np.asarray(cv2.flip(grey, FLIPS[options.flip]), np.uint8)
    return grey


def scaled_for_search(grey: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """The `grey` and `detail` of a Frame, of a camera's picture, uint8 [H,W]: one small enough to search, and all."""
    height, width = grey.shape
    small = search_size((width, height))
    if small[0] >= width:
        return grey, None
    return np.asarray(cv2.resize(grey, small, interpolation=cv2.INTER_AREA), np.uint8), grey


SEARCH_SIDE = 640  # pixels, the longer side of the picture in which faces are searched


def search_size(size: Size) -> Size:
    """The even width and height, of the same shape and at most SEARCH_SIDE long, in which to search a picture."""
    share = min(1.0, SEARCH_SIDE / max(size))
    width, height = (max(2, 2 * round(share * side / 2)) for side in size)
    return width, height
