"""Frames, and the files they can come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from .cameraoptions import CameraOptions, search_size
from .errors import FerError, UsageError

ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
FLIPS = {"h": 1, "v": 0}
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm")


@dataclass(frozen=True)
class Frame:
    """One grey picture.

    grey: uint8 [H,W]. time: seconds, on a clock that never goes back; its zero means nothing. number: counted from 0 by
    the source. still: a scene of its own, that has nothing to do with the frame before it. detail: uint8 [H,W], the
    same picture, larger, of the same aspect ratio, to cut faces from; `grey` is what is searched, and boxes are in its
    pixels.
    """

    grey: NDArray[np.uint8]
    time: float
    number: int
    still: bool = False
    detail: NDArray[np.uint8] | None = None


def turned(grey: NDArray[np.uint8], options: CameraOptions) -> NDArray[np.uint8]:
    """A picture, uint8 [H,W], rotated and mirrored; the same array when there is nothing to do."""
    if options.rotate:
        grey = np.asarray(cv2.rotate(grey, ROTATIONS[options.rotate]), np.uint8)
    if options.flip:
        grey = np.asarray(cv2.flip(grey, FLIPS[options.flip]), np.uint8)
    return grey


def for_search(grey: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """The `grey` and `detail` of a Frame, of a camera's picture, uint8 [H,W]: one small enough to search, and all."""
    height, width = grey.shape
    small = search_size((width, height))
    if small[0] >= width:
        return grey, None
    return np.asarray(cv2.resize(grey, small, interpolation=cv2.INTER_AREA), np.uint8), grey


class CameraError(FerError, OSError):
    """There is no camera, or it delivers nothing. Not the user's mistake: starting again later may help."""


class DamagedError(FerError, OSError):
    """A file that could only be read in part; the frames that it held were delivered before this is raised."""


class FrameSource(Protocol):
    """Where frames come from.

    `live` is true for a camera, whose frames pass in real time and without end: the newest is given. A file gives all.
    """

    live: bool

    @property
    def name(self) -> str:
        """Which camera or file, for a person; without any password."""
        ...

    @property
    def dropped(self) -> int:
        """Frames that passed while nobody took them."""
        ...

    @property
    def trouble(self) -> str | None:
        """Why there are no frames now; None when there are."""
        ...

    def __iter__(self) -> Iterator[Frame | None]:
        """Yield frames, and None about twice a second while a camera is away.

        Raises CameraError when waiting makes no sense, DamagedError after the last frame of a damaged file.
        """
        ...

    def close(self) -> None:
        """Give the camera or file back. May be called more than once."""
        ...


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder, by their endings, in the order of their names."""
    return sorted(entry for entry in folder.iterdir() if entry.suffix.lower() in PICTURES)


class Pictures:
    """A picture, or every picture of a folder in the order of their names, each a scene of its own."""

    live, dropped, trouble = False, 0, None

    def __init__(self, path: Path, options: CameraOptions | None = None) -> None:
        """Raises UsageError when the folder `path` holds no pictures."""
        self.name = str(path)
        self._options = options or CameraOptions()
        self._paths = [path]
        if path.is_dir():
            self._paths = pictures_in(path)
        if not self._paths:
            raise UsageError(f"--camera {path}: no pictures in this folder (known endings: {' '.join(PICTURES)})")

    def __iter__(self) -> Iterator[Frame]:
        """Yield a frame a picture, a second apart. Raises UsageError when not one of them can be read."""
        damaged = []
        for number, path in enumerate(self._paths):
            content = np.frombuffer(path.read_bytes(), np.uint8)
            grey = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE) if content.size else None
            if grey is None:
                damaged.append(path.name)
            else:
                yield Frame(turned(np.asarray(grey, np.uint8), self._options), float(number), number, still=True)
        if len(damaged) == len(self._paths):
            raise UsageError(f"--camera {self.name}: not a picture that can be read")
        if damaged:
            raise DamagedError(f"{self.name}: not pictures that can be read: {', '.join(damaged)}")

    def __length_hint__(self) -> int:
        """How many pictures there are."""
        return len(self._paths)

    def close(self) -> None:
        """Nothing is held open."""


class VideoFile:
    """Every frame of a video file, timed by the file."""

    live, dropped, trouble = False, 0, None

    def __init__(self, path: Path, options: CameraOptions | None = None) -> None:
        """Raises UsageError when `path` is no video."""
        self.name = str(path)
        self._options = options or CameraOptions()
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise UsageError(f"--camera {path}: neither a picture nor a video that can be read (or cut short)")

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
            yield Frame(turned(grey, self._options), time, number)
            number += 1
        if number < promised:
            raise DamagedError(f"{self.name}: cut short or damaged, only {number} of {promised} frames could be read")

    def __length_hint__(self) -> int:
        """How many frames the file promises; 0 when it does not tell."""
        return max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    def close(self) -> None:
        """Close the file."""
        self._capture.release()
