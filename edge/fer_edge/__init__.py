"""fer-edge: a sensor of facial expressions on a Raspberry Pi with an Edge TPU."""

import os

__version__ = "0.1.0"

# Read when OpenCV is loaded. What it and FFmpeg print of a bad file or camera is said better by our own errors.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
