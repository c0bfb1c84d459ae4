"""Picture files: which they are, and their grey values. Shared by the device and the trainer."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DataError

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
JPEG_START, JPEG_SCAN, JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"  # markers of ITU-T T.81


class PictureError(DataError):
    """A picture that cannot be decoded, or not completely."""


def list_pictures(folder: Path) -> list[Path]:
    """The pictures in `folder`, by their suffixes, sorted by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)


def read_grey(path: Path, *, allow_truncated: bool = False) -> NDArray[np.uint8]:
    """Read a picture as grey values, uint8 [H,W].

    Args:
        path: The file.
        allow_truncated: Accept a JPEG that is cut short, whose missing part is grey: there may be a face in the rest.

    Raises:
        PictureError: It is unreadable, damaged or cut short.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PictureError(f"{path}: {error.strerror}") from error
    if not allow_truncated and _is_truncated_jpeg(content):
        raise PictureError(f"{path}: cut short")
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:  # an empty file, or one that claims to be larger than OpenCV allows
        picture = None
    if picture is None:
        raise PictureError(f"{path}: not a picture that can be read")
    return np.asarray(picture, np.uint8)


def _is_truncated_jpeg(content: bytes) -> bool:
    """Whether a JPEG lacks the end marker of its image. OpenCV silently fills the missing part with grey.

    Segments before the first scan are skipped, since a thumbnail in one of them has an end marker too. What follows the
    image is ignored: phones append a video.
    """
    position = len(JPEG_START)
    while content.startswith(JPEG_START) and content[position : position + 1] == b"\xff":
        if content.startswith(JPEG_SCAN, position):
            return JPEG_END not in content[position:]
        position += 2 + int.from_bytes(content[position + 2 : position + 4])
    return content.startswith(JPEG_START) and position >= len(content)
