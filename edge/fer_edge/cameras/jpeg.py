"""Decoding a JPEG that a stranger sent."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.frame_checks import find_flaw
from fer_edge.cameras.pictures import PictureError

LARGEST = 4096 * 4096  # pixels
NO_SIZE = {0xC4, 0xC8, 0xCC}  # markers among those of the frame headers, C0 to CF, that are none


def decode(jpeg: bytes) -> NDArray[np.uint8]:
    """The picture, uint8 [H,W]. Raises PictureError for anything that is not the whole of a JPEG of reasonable size.

    Its size is looked at first: a few bytes can ask for gigabytes. Nothing but a JPEG gets as far as OpenCV, which
    would read a dozen formats.
    """
    width, height = jpeg_size(jpeg)
    if width * height > LARGEST:
        raise PictureError(f"a picture of {width}x{height} is too large")
    if not jpeg.endswith(b"\xff\xd9"):
        raise PictureError("the JPEG is cut short")
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None:
        raise PictureError("the JPEG is damaged")
    grey = np.asarray(picture, np.uint8)
    if flaw := find_flaw(grey):
        raise PictureError(flaw)
    return grey


def jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Width and height by the frame header of a JPEG (ITU-T T.81, B.2.2). Raises PictureError when it has none."""
    place = 2
    while jpeg.startswith(b"\xff\xd8\xff") and place + 9 <= len(jpeg) and jpeg[place] == 0xFF:
        marker = jpeg[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in NO_SIZE:
            height, width = (int.from_bytes(jpeg[place + at : place + at + 2]) for at in (5, 7))
            if width and height:
                return width, height
            break
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4])
    raise PictureError("not a JPEG")
