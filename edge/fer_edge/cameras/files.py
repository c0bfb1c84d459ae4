"""Pictures and video files as sources of frames."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from fer_edge.cameras.base import SourceKind
from fer_edge.cameras.clip import describe_excess, find_damage, open_clip, read_frames
from fer_edge.cameras.container import find_cut, is_iso_media
from fer_edge.cameras.frame import Frame, orient, orient_colour
from fer_edge.cameras.pictures import (
    PICTURE_SUFFIXES,
    PictureError,
    is_picture,
    list_pictures,
    printable,
    read_colour,
    read_grey,
    regular_size,
)
from fer_edge.config.camera import CameraOptions
from fer_edge.errors import FerError, Problem, UsageError
from fer_edge.logs import UNLIMITED

log = logging.getLogger(__name__)

DEFAULT_RATE = 25.0  # frames per second of a video that does not state its own
MAX_NAMED = 5  # damaged pictures that are named in the error; each of the others has a line in the log
CODECS = {"AV01": "AV1", "VP80": "VP8", "VP90": "VP9"}  # by FOURCC; others are named by it


class DamagedError(FerError, OSError):
    """A file is damaged. Raised after the frames that could be read."""


class PictureFiles:
    """A picture, or every picture of a folder sorted by name, each a separate scene."""

    live, dropped, keeps_colour = False, 0, True
    problem: Problem | None = None

    def __init__(self, path: Path, options: CameraOptions | None = None) -> None:
        """Raises UsageError when `path` is a folder without pictures."""
        self.name = printable(path)
        self._options = options or CameraOptions()
        try:
            self._is_folder = path.is_dir()
            self._paths = list_pictures(path) if self._is_folder else [path]
        except OSError as error:
            raise UsageError(f"{self.name}: {error.strerror}", setting="camera.source") from error
        if not self._paths:
            raise UsageError(
                f"{self.name}: no pictures in this folder (known endings: {' '.join(PICTURE_SUFFIXES)})",
                setting="camera.source",
            )

    def __iter__(self) -> Iterator[Frame]:
        """Yield a frame for each picture, one second apart.

        Raises:
            UsageError: No picture is readable.
            DamagedError: Some are not; raised after the last frame.
        """
        damaged: dict[str, str] = {}  # why, by name
        for number, path in enumerate(self._paths):
            try:
                grey = read_grey(path)
            except PictureError as error:
                cause = damaged[printable(path.name)] = error.cause
            else:
                name = printable(path.name)
                colour = orient_colour(partial(read_colour, path), self._options)
                yield Frame(orient(grey, self._options), float(number), number, still=True, file=name, colour=colour)
        if not damaged:
            return
        named = [f"{name} ({cause})" for name, cause in damaged.items()]
        if others := named[MAX_NAMED:]:
            for each in others:
                log.warning("%s: not a picture that can be read: %s", self.name, each, extra=UNLIMITED)
            named[MAX_NAMED:] = [f"and {len(others)} more"]
        text = f"{self.name}: not pictures that can be read: {', '.join(named)}"
        if len(damaged) == len(self._paths):
            raise UsageError(text if self._is_folder else f"{self.name}: {cause}", setting="camera.source")
        raise DamagedError(text)

    def __length_hint__(self) -> int:
        """How many pictures there are."""
        return len(self._paths)

    def close(self) -> None:
        """Do nothing: no file is kept open."""


class VideoFile:
    """Every frame of a video file, with the timestamps in the file."""

    live, dropped, keeps_colour = False, 0, False
    problem: Problem | None = None

    def __init__(self, path: Path, options: CameraOptions | None = None) -> None:
        """Open the file.

        Raises:
            UsageError: It is not a video.
            DamagedError: It is one that was cut short before its first frame.
        """
        self.name = printable(path)
        self._path, self._options = path, options or CameraOptions()
        try:
            regular_size(path)
            self._capture = open_clip(path)
        except PictureError as error:
            raise UsageError(f"{self.name}: {error.message}", setting="camera.source") from error
        except OSError as error:
            raise UsageError(f"{self.name}: {error.strerror}", setting="camera.source") from error
        if not self._capture.isOpened():
            if cut := find_cut(path, has_frames=False):
                raise DamagedError(f"{self.name}: a video, but cut short, damaged or never finished: {cut}")
            raise UsageError(
                f"{self.name}: neither a picture nor a video that can be read (or cut short)", setting="camera.source"
            )
        if excess := describe_excess(self._capture):
            raise UsageError(f"{self.name}: {excess}", setting="camera.source")

    def __iter__(self) -> Iterator[Frame | None]:
        """Yield every frame, then None about twice a second while the file is checked.

        Raises:
            DamagedError: FFmpeg reports an error, or can decode no frame; raised after the last frame.
        """
        rate = self._capture.get(cv2.CAP_PROP_FPS) or DEFAULT_RATE
        number, time = 0, -1 / rate
        for image in read_frames(self._capture):
            file_time = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            time = file_time if file_time > time else time + 1 / rate
            grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
            colour = orient_colour(partial(np.asarray, image), self._options) if self.keeps_colour else None
            yield Frame(orient(grey, self._options), time, number, colour=colour)
            number += 1
        if not number:
            if cut := find_cut(self._path):
                raise DamagedError(f"{self.name}: cut short or damaged, no frame could be read ({cut})")
            raise DamagedError(
                f"{self.name}: no frame in it could be read: its codec, {self._codec()}, cannot be read here, "
                "or it is damaged"
            )
        # An MP4 has an index of its frames, which OpenCV counts; for others it guesses their number.
        indexed = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)) if is_iso_media(self._path) else None
        if number != indexed and (damage := (yield from find_damage(self._path))):
            count = f"{number} of {indexed}" if indexed else f"{number}"
            raise DamagedError(f"{self.name}: cut short or damaged, only {count} frames could be read ({damage})")

    def __length_hint__(self) -> int:
        """How many frames OpenCV expects, which may be a guess; 0 when that is unknown."""
        return max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    def close(self) -> None:
        """Close the file."""
        self._capture.release()

    def _codec(self) -> str:
        fourcc = (
            int(self._capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode("latin-1").strip("\0 ").upper()
        )
        return CODECS.get(fourcc, fourcc)


def _is_pictures(spec: str) -> bool:
    # An empty path would stand for the working directory.
    return bool(spec) and (os.path.isdir(spec) or is_picture(Path(spec)))  # noqa: PTH112 - never raises


PICTURES_KIND = SourceKind("pictures", _is_pictures, lambda spec, options: PictureFiles(Path(spec), options))
VIDEO_KIND = SourceKind("video", os.path.exists, lambda spec, options: VideoFile(Path(spec), options))
