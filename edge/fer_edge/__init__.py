"""fer-edge: a sensor of facial expressions on a Raspberry Pi with an Edge TPU."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fer_edge.face_reader import Face, FaceReader

__version__ = "0.1.0"
__all__ = ["Face", "FaceReader", "__version__"]

# Read when OpenCV is loaded. Our own errors describe a bad file or camera; OpenCV and FFmpeg must not log it as well.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
# From level 48 on, FFmpeg logs addresses with their passwords.
os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"

# Likewise. A file of a few kilobytes can claim a picture of gigabytes, and OpenCV's own limit is 1 << 30 pixels.
MAX_PICTURE_PIXELS = 1 << 26
MAX_PICTURE_SIDE = 1 << 16
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PICTURE_PIXELS))
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_WIDTH", str(MAX_PICTURE_SIDE))
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_HEIGHT", str(MAX_PICTURE_SIDE))


def __getattr__(name: str) -> Any:
    """Import the classes for programs when they are used: the command line needs neither them nor OpenCV to start."""
    if name in {"Face", "FaceReader"}:
        from fer_edge import face_reader

        return getattr(face_reader, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
