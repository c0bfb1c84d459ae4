"""Picture files: which they are, and their pixels. Shared by the device and the trainer."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge import MAX_PICTURE_PIXELS
from fer_edge.cameras.jpeg_markers import is_complete, is_jpeg, jpeg_size
from fer_edge.errors import DataError

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
MAX_FILE_SIZE = 1 << 28  # bytes


# How the formats of PICTURE_SUFFIXES begin; RIFF is also the container of AVI.
_SIGNATURE = re.compile(rb"\xff\xd8\xff|\x89PNG|BM.{4}\0{4}|RIFF....WEBP|II\*\0|MM\0\*|P[1-6]\s", re.DOTALL)


class PictureError(DataError):
    """A picture that cannot be read, or not completely.

    Attributes:
        cause: The reason without the name of the file.
    """

    def __init__(self, cause: str, path: Path | None = None) -> None:
        """`path` is named in the message."""
        super().__init__(f"{printable(path)}: {cause}" if path else cause)
        self.cause = cause


def printable(path: Path | str) -> str:
    """The name of a file, with a replacement for bytes that are no UTF-8 and so cannot be published."""
    return os.fsencode(path).decode(errors="replace")


def is_picture(path: Path) -> bool:
    """Whether a file is a picture by its content; if it is of no known format, by its suffix."""
    try:
        regular_size(path)
        with path.open("rb") as file:
            known = _SIGNATURE.match(file.read(12))
    except (OSError, PictureError):
        known = None
    return bool(known) or (path.suffix.lower() in PICTURE_SUFFIXES and os.path.exists(path))  # noqa: PTH110 - never raises


def list_pictures(folder: Path) -> list[Path]:
    """The pictures in `folder`, by their suffixes, sorted by name. Raises OSError."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Read a picture as grey values, uint8 [H,W]. Raises PictureError, which names the file."""
    return _read(path, cv2.IMREAD_GRAYSCALE)


def read_colour(path: Path) -> NDArray[np.uint8]:
    """Read a picture as BGR, uint8 [H,W,3]. Raises PictureError, which names the file."""
    return _read(path, cv2.IMREAD_COLOR)


def decode(content: bytes, flags: int, *, max_pixels: int = MAX_PICTURE_PIXELS) -> NDArray[np.uint8]:
    """Decode a picture of any format that OpenCV reads; what the format is follows from the content.

    Args:
        content: The file.
        flags: How OpenCV decodes it, `cv2.IMREAD_...`.
        max_pixels: The largest JPEG to decode. Other formats have the limit that `fer_edge` sets in OpenCV.

    Returns:
        uint8 [H,W] or [H,W,3], as `flags` ask for.

    Raises:
        PictureError: It is too large, cut short, damaged or no picture.
    """
    if is_jpeg(content):
        width, height = jpeg_size(content) or (0, 0)
        if width * height > max_pixels:
            raise PictureError(f"a picture of {width}x{height} is too large: at most {max_pixels / 1e6:.0f} megapixels")
        if not is_complete(content):
            raise PictureError("cut short")
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error as error:  # an empty file, or one that is larger than the limit
        if "CV_IO_MAX_IMAGE" in str(error):
            raise PictureError(f"too large: at most {MAX_PICTURE_PIXELS / 1e6:.0f} megapixels") from error
        picture = None
    if picture is None:
        raise PictureError("not a picture that can be read, or damaged")
    return np.asarray(picture, np.uint8)


def _read(path: Path, flags: int) -> NDArray[np.uint8]:
    try:
        return decode(_read_content(path), flags)
    except PictureError as error:
        raise PictureError(error.cause, path) from error
    except OSError as error:
        raise PictureError(str(error.strerror), path) from error


def _read_content(path: Path) -> bytes:
    if regular_size(path) > MAX_FILE_SIZE:
        raise PictureError(f"larger than {MAX_FILE_SIZE >> 20} MiB")
    return path.read_bytes()


def regular_size(path: Path) -> int:
    """The size of a regular file in bytes. A FIFO might never deliver anything, and a device might never end.

    Raises:
        PictureError: It is another kind of file.
        OSError: It cannot be accessed.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise PictureError("is a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file")
    return status.st_size
