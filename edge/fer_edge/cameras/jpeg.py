"""Decodes JPEGs from untrusted senders."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.frame import SEARCH_SIDE
from fer_edge.cameras.frame_checks import find_defect
from fer_edge.cameras.jpeg_markers import is_jpeg
from fer_edge.cameras.pictures import PictureError, decode

MAX_PIXELS = 4096 * 4096
REDUCED = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}


def decode_jpeg(content: bytes) -> NDArray[np.uint8]:
    """Decode a JPEG to grey, uint8 [H,W]. Only a JPEG is handed to OpenCV, which would decode a dozen formats.

    Raises:
        PictureError: It is not a complete JPEG of at most MAX_PIXELS with an image in it.
    """
    if not is_jpeg(content):
        raise PictureError("not a JPEG")
    grey = decode(content, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION, max_pixels=MAX_PIXELS)
    if defect := find_defect(grey):
        raise PictureError(defect)
    return grey


def decode_colour(content: bytes, side: int, flags: int = 0) -> NDArray[np.uint8]:
    """Decode a picture in colour, no larger than viewers need it: a large JPEG takes less time in half its size.

    Args:
        content: The picture, which has been decoded to grey before.
        side: Its longer side, pixels.
        flags: Added to those of OpenCV.

    Returns:
        uint8 [H,W,3], blue, green, red.

    Raises:
        PictureError: It cannot be decoded.
    """
    reduced = (flag for factor, flag in REDUCED.items() if side >= factor * SEARCH_SIDE)
    return decode(content, next(reduced, cv2.IMREAD_COLOR) | flags, max_pixels=MAX_PIXELS)
