"""fer-edge: a sensor of facial expressions on a Raspberry Pi with an Edge TPU."""

import os

__version__ = "0.1.0"

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
