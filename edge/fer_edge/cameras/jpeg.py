"""Decodes a JPEG from an untrusted sender."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.frame_checks import find_defect
from fer_edge.cameras.pictures import JPEG_END, JPEG_START, PictureError

MAX_PIXELS = 4096 * 4096
FRAME_HEADERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # second bytes of the SOF markers


def decode(jpeg: bytes) -> NDArray[np.uint8]:
    """Decode a JPEG to grey, uint8 [H,W].

    The size is checked first, since a few bytes can ask for gigabytes. Only a JPEG is handed to OpenCV, which would
    decode a dozen formats.

    Raises:
        PictureError: It is not a complete JPEG with an image of a reasonable size in it.
    """
    width, height = jpeg_size(jpeg)
    if width * height > MAX_PIXELS:
        raise PictureError(f"a picture of {width}x{height} is too large")
    if not jpeg.endswith(JPEG_END):
        raise PictureError("the JPEG is cut short")
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise PictureError("the JPEG is damaged")
    grey = np.asarray(image, np.uint8)
    if defect := find_defect(grey):
        raise PictureError(defect)
    return grey


def jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Read width and height from the frame header of a JPEG (ITU-T T.81, B.2.2). Raises PictureError without one."""
    position = len(JPEG_START)
    while jpeg.startswith(JPEG_START + b"\xff") and position + 9 <= len(jpeg) and jpeg[position] == 0xFF:
        if jpeg[position + 1] in FRAME_HEADERS:
            height, width = (int.from_bytes(jpeg[position + at : position + at + 2]) for at in (5, 7))
            if width and height:
                return width, height
            break
        position += 2 + int.from_bytes(jpeg[position + 2 : position + 4])
    raise PictureError("not a JPEG")
