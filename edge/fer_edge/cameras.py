"""Cameras, and which source a name on the command line means.

A room beside `frames`, so that the code that runs on every machine and the code that needs a camera are apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .errors import UsageError
from .frames import PICTURES, CameraError, Frame, FrameSource, Pictures, VideoFile

SIZE = (640, 480)
PATIENCE = 2.0  # seconds without a frame after which a Pi camera counts as lost


class PiCamera:
    """A camera of the Raspberry Pi, through picamera2; grey for nothing, from the Y plane of YUV420."""

    live = True

    def __init__(self, number: int, picamera2: Any, clock: Callable[[], float] = time.monotonic) -> None:
        """Open and start camera `number`; `picamera2` is the class Picamera2. Raises CameraError when it is busy."""
        self.name = f"picamera2 {number}"
        self._clock = clock
        try:
            self._camera = picamera2(number)
            wanted = {"size": SIZE, "format": "YUV420"}
            self._camera.configure(self._camera.create_video_configuration(main=wanted))
            self._camera.start()
        except (RuntimeError, IndexError) as error:
            raise CameraError(f"camera {number}: {error}") from error
        # configure() rounds the size to what the sensor and the stride allow.
        self._width, self._height = self._camera.camera_configuration()["main"]["size"]

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames without end. Raises CameraError after two seconds without one."""
        number = 0
        while True:
            try:
                with self._camera.captured_request(wait=PATIENCE) as request:
                    planes = request.make_array("main")
            except TimeoutError as error:
                self._camera.cancel_all_and_flush()
                raise CameraError(f"{self.name}: no frame for {PATIENCE:.0f} seconds") from error
            grey = np.ascontiguousarray(planes[: self._height, : self._width])
            yield Frame(grey, self._clock(), number)
            number += 1

    def close(self) -> None:
        """Stop the camera and give it back."""
        self._camera.close()


class V4L2Camera:
    """A camera that Linux shows as /dev/videoN, through OpenCV."""

    live = True

    def __init__(self, device: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Open `device`, e.g. /dev/video0. Raises CameraError when it is no camera or busy."""
        self.name = device
        self._clock = clock
        self._capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise CameraError(f"camera {device}: not a camera, or in use by another program")
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, SIZE[0])
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, SIZE[1])
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest frame rather than the next one

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames without end. Raises CameraError when one cannot be read."""
        number = 0
        while True:
            there, picture = self._capture.read()
            if not there:
                raise CameraError(f"camera {self.name}: it delivers no more frames")
            yield Frame(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8), self._clock(), number)
            number += 1

    def close(self) -> None:
        """Give the device back."""
        self._capture.release()


def open_source(spec: str) -> FrameSource:
    """The source that `spec` names: a camera's number, a device, a video file, a picture or a folder of pictures.

    Raises UsageError for what is none of these, CameraError when there is no such camera.
    """
    if spec.isdecimal():
        return _numbered(int(spec))
    path = Path(spec or "(empty)")  # Path("") would be the folder in which we stand
    if path.is_char_device():
        return V4L2Camera(spec)
    if path.is_dir() or (path.suffix.lower() in PICTURES and path.exists()):
        return Pictures(path)
    if path.is_file():
        return VideoFile(path)
    if spec.startswith("/dev/"):
        raise CameraError(f"camera {spec}: there is no such device")
    raise UsageError(
        f"--camera {spec}: no such file; give a camera's number, a device, a video, a picture or a folder of pictures"
    )


def _numbered(number: int) -> FrameSource:
    picamera2 = find_picamera2()
    if picamera2 is not None and any(camera["Num"] == number for camera in picamera2.global_camera_info()):
        return PiCamera(number, picamera2)
    device = f"/dev/video{number}"
    if Path(device).exists():
        return V4L2Camera(device)
    pi = "picamera2 is not installed" if picamera2 is None else "picamera2 finds none of this number"
    raise CameraError(f"camera {number}: there is none ({pi}, and there is no {device})")


def find_picamera2() -> Any:
    """The class Picamera2, or None where it cannot be imported."""
    try:
        from picamera2 import Picamera2
    except ImportError:
        return None
    return Picamera2
