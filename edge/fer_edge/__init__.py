"""fer-edge: a sensor of facial expressions on a Raspberry Pi with an Edge TPU."""

import os

__version__ = "0.1.0"

# Read when OpenCV is loaded. Our own errors describe a bad file or camera; OpenCV and FFmpeg must not log it as well.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
# From level 48 on, FFmpeg logs addresses with their passwords.
os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
