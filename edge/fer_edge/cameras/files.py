"""Pictures and video files as sources of frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from fer_edge.cameras.base import SourceKind
from fer_edge.cameras.frame import Frame, orient
from fer_edge.cameras.pictures import PICTURE_SUFFIXES, PictureError, list_pictures, read_grey
from fer_edge.config.camera import CameraOptions
from fer_edge.errors import FerError, Problem, UsageError

DEFAULT_RATE = 25.0  # frames per second of a video that does not state its own


class DamagedError(FerError, OSError):
    """A file is damaged. Raised after the frames that could be read."""


class PictureFiles:
    """A picture, or every picture of a folder sorted by name, each a separate scene."""

    live, dropped = False, 0
    problem: Problem | None = None

    def __init__(self, path: Path, options: CameraOptions | None = None) -> None:
        """Raises UsageError when `path` is a folder without pictures."""
        self.name = str(path)
        self._options = options or CameraOptions()
        self._paths = list_pictures(path) if path.is_dir() else [path]
        if not self._paths:
            raise UsageError(
                f"{path}: no pictures in this folder (known endings: {' '.join(PICTURE_SUFFIXES)})",
                setting="camera.source",
            )

    def __iter__(self) -> Iterator[Frame]:
        """Yield a frame for each picture, one second apart.

        Raises:
            UsageError: No picture is readable.
            DamagedError: Some are not; raised after the last frame.
        """
        damaged = []
        for number, path in enumerate(self._paths):
            try:
                grey = read_grey(path, allow_truncated=True)
            except PictureError:
                damaged.append(path.name)
            else:
                yield Frame(orient(grey, self._options), float(number), number, still=True)
        if len(damaged) == len(self._paths):
            raise UsageError(f"{self.name}: not a picture that can be read", setting="camera.source")
        if damaged:
            raise DamagedError(f"{self.name}: not pictures that can be read: {', '.join(damaged)}")

    def __length_hint__(self) -> int:
        """How many pictures there are."""
        return len(self._paths)

    def close(self) -> None:
        """Do nothing: no file is kept open."""


class VideoFile:
    """Every frame of a video file, with the timestamps in the file."""

    live, dropped = False, 0
    problem: Problem | None = None

    def __init__(self, path: Path, options: CameraOptions | None = None) -> None:
        """Raises UsageError when `path` is not a video."""
        self.name = str(path)
        self._options = options or CameraOptions()
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise UsageError(
                f"{path}: neither a picture nor a video that can be read (or cut short)", setting="camera.source"
            )

    def __iter__(self) -> Iterator[Frame]:
        """Yield every frame. Raises DamagedError after the last one when the file's header announces more frames."""
        announced = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        rate = self._capture.get(cv2.CAP_PROP_FPS) or DEFAULT_RATE
        number, time = 0, -1 / rate
        while True:
            received, image = self._capture.read()
            if not received:
                break
            file_time = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            time = file_time if file_time > time else time + 1 / rate
            grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
            yield Frame(orient(grey, self._options), time, number)
            number += 1
        if number < announced:
            raise DamagedError(f"{self.name}: cut short or damaged, only {number} of {announced} frames could be read")

    def __length_hint__(self) -> int:
        """How many frames the file's header announces; 0 when that is unknown."""
        return max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    def close(self) -> None:
        """Close the file."""
        self._capture.release()


def _is_picture(spec: str) -> bool:
    path = Path(spec)
    # An empty path would stand for the working directory.
    return bool(spec) and (path.is_dir() or (path.suffix.lower() in PICTURE_SUFFIXES and path.exists()))


PICTURES_KIND = SourceKind("pictures", _is_picture, lambda spec, options: PictureFiles(Path(spec), options))
VIDEO_KIND = SourceKind(
    "video", lambda spec: Path(spec).is_file(), lambda spec, options: VideoFile(Path(spec), options)
)
