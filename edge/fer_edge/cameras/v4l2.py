"""USB cameras, and others that Linux offers as /dev/videoN."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import cv2

from fer_edge.cameras.base import CameraError, SourceKind
from fer_edge.cameras.cures import FREE_CAMERA, find_cure
from fer_edge.cameras.opencv import OpenCVCamera
from fer_edge.cameras.reconnecting import ReconnectingCamera
from fer_edge.config.camera import CameraOptions, Size
from fer_edge.errors import UsageError

DEFAULT_SIZE = (640, 480)
VIDEO4LINUX_MAJOR = 81  # major number of its device nodes
YUYV_RATE = 640 * 480 * 30  # pixels per second of uncompressed video that fit through USB 2


def v4l2_camera(device: str, options: CameraOptions) -> OpenCVCamera:
    """The camera of a device such as /dev/video0."""
    return OpenCVCamera(device, lambda: _open(device, options), options.fps)


def check_device(device: str) -> str:
    """Return `device` if it is a camera, or missing: it may be plugged in later. Raises UsageError otherwise."""
    try:
        found = Path(device).stat()
    except OSError:
        return device
    if not stat.S_ISCHR(found.st_mode) or os.major(found.st_rdev) != VIDEO4LINUX_MAJOR:
        raise UsageError(f"{device}: not a camera", setting="camera.source")
    return device


def _open(device: str, options: CameraOptions) -> cv2.VideoCapture:
    try:
        os.close(os.open(device, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        raise CameraError((error.strerror or str(error)).lower(), cure=find_cure(error)) from error
    capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
    if not capture.isOpened():
        raise CameraError("not a camera, or in use by another program", cure=FREE_CAMERA)
    size = options.size or DEFAULT_SIZE
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*_pixel_format(size, options.fps)))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
    if options.fps:
        capture.set(cv2.CAP_PROP_FPS, options.fps)
    return capture


def _pixel_format(size: Size, fps: int | None) -> str:
    """YUYV takes less time to decode than MJPG, but its rate is limited by USB."""
    return "YUYV" if size[0] * size[1] * (fps or 30) <= YUYV_RATE else "MJPG"


DEVICE_KIND = SourceKind(
    "device",
    matches=lambda spec: spec.startswith("/dev/"),
    open=lambda spec, options: ReconnectingCamera(v4l2_camera(check_device(spec), options), options),
    uses_devices=True,
)
