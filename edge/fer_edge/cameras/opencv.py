"""Any camera that OpenCV can capture from."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.base import CameraError, CameraImage
from fer_edge.cameras.cures import CHECK_CABLE
from fer_edge.cameras.frame import scale_for_search

EARLY_SHARE = 0.8  # of the interval between two frames, after which the next is due: the pace of a camera is uneven

# Failures are logged once by this project; OpenCV would log them again at every attempt.
getattr(cv2.utils, "logging", cv2).setLogLevel(0)  # OpenCV has moved it


class OpenCVCamera:
    """A camera behind cv2.VideoCapture.

    The capture is dropped and never released: a thread that hangs in it would crash if another one released it.

    Attributes:
        keeps_colour: Whether images have their colour.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[], cv2.VideoCapture],
        fps: int | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is opened yet.

        Args:
            name: Human-readable name of the camera.
            connect: Opens it. Raises CameraError.
            fps: Frames per second to keep of those that the camera delivers; None for all.
            monotonic: Gives seconds.
        """
        self.name, self.keeps_colour = name, False
        self._connect, self._monotonic = connect, monotonic
        self._interval = EARLY_SHARE / fps if fps else 0.0
        self._next_due = 0.0
        self._capture: cv2.VideoCapture | None = None

    def open(self) -> None:
        """Connect, or reconnect. Raises CameraError. Only a frame proves that a camera works: a dead one may open."""
        self._capture = None
        self._capture = self._connect()

    def read(self) -> CameraImage:
        """Wait for the next image that is due. Raises CameraError when the camera delivers no more."""
        capture = self._capture
        received, image = False, None
        with contextlib.suppress(cv2.error):
            while capture and (received := capture.grab()) and self._monotonic() < self._next_due:
                pass
            if capture and received:
                received, image = capture.retrieve()
        if not received or image is None:
            # While the capture is referenced, the device of a camera that was unplugged keeps its number. Neither this
            # object nor the traceback of the error may refer to it.
            if self._capture is capture:
                self.close()
            capture = None
            raise CameraError("it delivers no more frames", cure=CHECK_CABLE)
        now = self._monotonic()
        self._next_due = now + self._interval
        picture = np.asarray(image, np.uint8)
        colour = (lambda: picture) if self.keeps_colour and picture.ndim == 3 else None
        return CameraImage(*scale_for_search(_to_grey(picture)), now, colour)

    def close(self) -> None:
        """Drop the capture."""
        self._capture = None


def _to_grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
