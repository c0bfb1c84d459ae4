"""Decodes a JPEG from an untrusted sender."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.frame_checks import find_defect
from fer_edge.cameras.jpeg_markers import is_jpeg
from fer_edge.cameras.pictures import PictureError, decode

MAX_PIXELS = 4096 * 4096


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
