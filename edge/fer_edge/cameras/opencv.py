"""Cameras that OpenCV reads: those that Linux shows as /dev/videoN, and those that have an address."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.base import CameraError, CameraImage
from fer_edge.cameras.cures import CHECK_ADDRESS, CHECK_CABLE, FREE_CAMERA, find_cure
from fer_edge.cameras.frame import scaled_for_search
from fer_edge.config.camera import CameraOptions, Size
from fer_edge.errors import UsageError

DEFAULT_SIZE = (640, 480)
SCHEMES = ("rtsp", "rtsps", "http", "https")
OPEN_TIMEOUT, READ_TIMEOUT = 8000, 3000  # milliseconds that FFmpeg may take for an answer
EARLY = 0.8  # of the time between two frames: a camera's own pace is not even

# What goes wrong is said once by this project; OpenCV and FFmpeg would say it again at each attempt.
getattr(cv2.utils, "logging", cv2).setLogLevel(0)  # OpenCV has moved it
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


class OpenCVCamera:
    """A camera behind cv2.VideoCapture. `connect` opens it, and raises CameraError.

    A capture is let go, never released: a thread that hangs in it would fall over one that was released.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[], cv2.VideoCapture],
        fps: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._connect, self._clock = connect, clock
        self._pause = EARLY / fps if fps else 0.0
        self._due = 0.0
        self._capture: cv2.VideoCapture | None = None

    def open(self) -> None:
        """Connect anew. Raises CameraError. Only a frame proves a camera: a dead device may open, too."""
        self._capture = None
        self._capture = self._connect()

    def read(self) -> CameraImage:
        """The next frame that is due by `fps`. Raises CameraError when the camera gives no more."""
        capture = self._capture
        there, picture = False, None
        with contextlib.suppress(cv2.error):
            while capture and (there := capture.grab()) and self._clock() < self._due:
                pass
            if capture and there:
                there, picture = capture.retrieve()
        if not there or picture is None:
            # Held open, the device of a camera that was unplugged would keep its number when it is plugged in again;
            # the error that is raised must not hold it either.
            if self._capture is capture:
                self.close()
            capture = None
            raise CameraError("it delivers no more frames", cure=CHECK_CABLE)
        now = self._clock()
        self._due = now + self._pause
        return _shot(np.asarray(picture, np.uint8), now)

    def close(self) -> None:
        """Let the camera go."""
        self._capture = None


def v4l2_camera(device: str, options: CameraOptions) -> OpenCVCamera:
    """The camera of `device`, e.g. /dev/video0."""
    return OpenCVCamera(device, lambda: _open_v4l2(device, options), options.fps)


def network_camera(address: str, options: CameraOptions) -> OpenCVCamera:
    """The camera of an RTSP or HTTP address. Raises UsageError when it has no host, or a port that is none."""
    name = public_address(address)
    return OpenCVCamera(name, lambda: _open_address(address), options.fps)


def public_address(address: str) -> str:
    """An address without user, password and query, which may be secrets. Raises UsageError when it is none."""
    parts = urlsplit(address)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise UsageError(
            f"{parts.scheme}://...: expected {parts.scheme}://[user:password@]host[:port]/path", setting="camera.source"
        )
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"


def _open_v4l2(device: str, options: CameraOptions) -> cv2.VideoCapture:
    try:
        os.close(os.open(device, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        raise CameraError((error.strerror or str(error)).lower(), cure=find_cure(error)) from error
    capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
    if not capture.isOpened():
        raise CameraError("not a camera, or in use by another program", cure=FREE_CAMERA)
    size = options.size or DEFAULT_SIZE
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*_format(size, options.fps)))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
    if options.fps:
        capture.set(cv2.CAP_PROP_FPS, options.fps)
    return capture


def _format(size: Size, fps: int | None) -> str:
    """YUYV is cheaper to read, but USB 2 carries no more than 640x480 of it, 30 times a second."""
    return "YUYV" if size[0] * size[1] * (fps or 30) <= 640 * 480 * 30 else "MJPG"


def _open_address(address: str) -> cv2.VideoCapture:
    timeout = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT]
    capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, timeout)
    if not capture.isOpened():
        raise CameraError("no video from this address", cure=CHECK_ADDRESS)
    return capture


def _shot(picture: NDArray[np.uint8], now: float) -> CameraImage:
    grey = np.asarray(picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    return CameraImage(*scaled_for_search(grey), now)
