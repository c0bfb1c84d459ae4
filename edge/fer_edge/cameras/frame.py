"""A frame, and how a camera's image is oriented and scaled for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.config.camera import CameraOptions, Size

SEARCH_SIDE = 640  # pixels, longer side of the image in which faces are searched

_ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_FLIPS = {"h": 1, "v": 0}

Colour = Callable[[], NDArray[np.uint8]]  # makes the image in colour, only when it is needed; see Frame


@dataclass(frozen=True)
class Frame:
    """A grey image and its time.

    Attributes:
        grey: uint8 [H,W], the image that is searched; boxes are in its pixels.
        time: Seconds on a clock that never runs backwards. Only differences have a meaning.
        number: Counted from 0 by the source.
        still: Whether it is a separate scene, unrelated to the frame before it.
        detail: uint8 [H,W], the same image in a larger size and the same aspect ratio, to crop faces from; None when
            `grey` is all there is.
        file: Name of the picture that it was read from; None for a frame of a camera or a video.
        colour: Makes the same image in colour, uint8 [H,W,3], blue, green, red, in any size and the same aspect ratio.
            It may raise PictureError. None when the source has no colour, or does not keep it for now.
    """

    grey: NDArray[np.uint8]
    time: float
    number: int
    still: bool = False
    detail: NDArray[np.uint8] | None = None
    file: str | None = None
    colour: Colour | None = None


def orient(image: NDArray[np.uint8], options: CameraOptions) -> NDArray[np.uint8]:
    """Rotate and mirror an image, uint8 [H,W] or [H,W,3]. Returns the same array when there is nothing to do."""
    if options.rotate:
        image = np.asarray(cv2.rotate(image, _ROTATIONS[options.rotate]), np.uint8)
    if options.flip:
        image = np.asarray(cv2.flip(image, _FLIPS[options.flip]), np.uint8)
    return image


def orient_colour(colour: Colour | None, options: CameraOptions) -> Colour | None:
    """Return what makes the oriented image in colour."""
    return partial(_make_oriented, colour, options) if colour else None


def scale_for_search(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Return the `grey` and `detail` of a Frame for an image of any size, uint8 [H,W]."""
    height, width = image.shape
    small = search_size((width, height))
    if small[0] >= width:
        return image, None
    return np.asarray(cv2.resize(image, small, interpolation=cv2.INTER_AREA), np.uint8), image


def search_size(size: Size) -> Size:
    """Return the size to search an image of `size` in: the same shape, even, and no side longer than SEARCH_SIDE."""
    scale = min(1.0, SEARCH_SIDE / max(size))
    width, height = (max(2, 2 * round(scale * side / 2)) for side in size)
    return width, height


def _make_oriented(colour: Colour, options: CameraOptions) -> NDArray[np.uint8]:
    return orient(colour(), options)
