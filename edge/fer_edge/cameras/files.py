"""Pictures and video files as sources of frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from fer_edge.cameras.frame import Frame, oriented
from fer_edge.cameras.pictures import PICTURE_SUFFIXES, PictureError, list_pictures, read_grey
from fer_edge.config.camera import CameraOptions
from fer_edge.errors import FerError, UsageError


class DamagedError(FerError, OSError):
    """A file that could only be read in part; the frames that it held were delivered before this is raised."""


class PictureFiles:
    """A picture, or every picture of a folder in the order of their names, each a scene of its own."""

    live, dropped, problem = False, 0, None

    def __init__(self, path: Path, options: CameraOptions | None = None) -> None:
        """Raises UsageError when the folder `path` holds no pictures."""
        self.name = str(path)
        self._options = options or CameraOptions()
        self._paths = [path]
        if path.is_dir():
            self._paths = list_pictures(path)
        if not self._paths:
            raise UsageError(
                f"{path}: no pictures in this folder (known endings: {' '.join(PICTURE_SUFFIXES)})",
                setting="camera.source",
            )

    def __iter__(self) -> Iterator[Frame]:
        """Yield a frame a picture, a second apart. Raises UsageError when not one of them can be read."""
        damaged = []
        for number, path in enumerate(self._paths):
            try:
                grey = read_grey(path)
            except PictureError:
                damaged.append(path.name)
            else:
                yield Frame(oriented(grey, self._options), float(number), number, still=True)
        if len(damaged) == len(self._paths):
            raise UsageError(f"{self.name}: not a picture that can be read", setting="camera.source")
        if damaged:
            raise DamagedError(f"{self.name}: not pictures that can be read: {', '.join(damaged)}")

    def __length_hint__(self) -> int:
        """How many pictures there are."""
        return len(self._paths)

    def close(self) -> None:
        """Nothing is held open."""


class VideoFile:
    """Every frame of a video file, timed by the file."""

    live, dropped, problem = False, 0, None

    def __init__(self, path: Path, options: CameraOptions | None = None) -> None:
        """Raises UsageError when `path` is no video."""
        self.name = str(path)
        self._options = options or CameraOptions()
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise UsageError(
                f"{path}: neither a picture nor a video that can be read (or cut short)", setting="camera.source"
            )

    def __iter__(self) -> Iterator[Frame]:
        """Yield every frame. Raises DamagedError at the end when there were fewer than the file promised."""
        promised = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        rate = self._capture.get(cv2.CAP_PROP_FPS) or 25.0
        number, time = 0, -1 / rate
        while True:
            there, picture = self._capture.read()
            if not there:
                break
            stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            time = stamp if stamp > time else time + 1 / rate
            grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
            yield Frame(oriented(grey, self._options), time, number)
            number += 1
        if number < promised:
            raise DamagedError(f"{self.name}: cut short or damaged, only {number} of {promised} frames could be read")

    def __length_hint__(self) -> int:
        """How many frames the file promises; 0 when it does not tell."""
        return max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    def close(self) -> None:
        """Close the file."""
        self._capture.release()
