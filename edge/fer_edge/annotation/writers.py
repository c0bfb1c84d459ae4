"""The annotated copy of a clip, a GIF, a picture or a folder of pictures, on disk.

The pipeline sees grey pictures only, so the file is read a second time here, in colour: only who asks for a copy pays
for it. Whatever is written has another name until it is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.annotation.overlay import draw
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.pictures import PICTURE_SUFFIXES, list_pictures
from fer_edge.errors import FerError, MissingExtraError, UsageError
from fer_edge.tracking.track import TrackedFace

Picture = NDArray[np.uint8]  # [H,W,3], blue, green, red
CLIP_ENDINGS = (".mp4", ".gif")
LARGEST_GIF = 1 << 29  # pixels of all frames, a byte each: pillow holds all of them until it writes


class AnnotateError(FerError):
    """The annotated copy could not be written to its end."""


class AnnotatedCopy(Protocol):
    """An annotated copy in the making."""

    def add(self, frame: Frame, tracks: Sequence[TrackedFace]) -> None:
        """Draw the next frame. Raises AnnotateError when it cannot be written."""
        ...

    def finish(self) -> None:
        """Give the copy its name: it is whole. Raises AnnotateError when it is not."""
        ...

    def drop(self) -> None:
        """Forget what is unfinished. Does nothing after `finish`."""
        ...


def open_copy(
    camera: str, out: Path, labels: Sequence[str], turn: Callable[[Picture], Picture] | None = None
) -> AnnotatedCopy:
    """The copy of the file or folder `camera`, to be written to `out`.

    turn: what the source does to every picture before it is searched, when it rotates or flips them.
    Raises UsageError when `camera` is no file or `out` cannot be written.
    """
    source = Path(camera)
    if not source.is_file() and not source.is_dir():
        raise UsageError(f"--annotate {out}: needs a file as --camera; {camera} is none")
    if out.exists() and out.samefile(source):
        raise UsageError(f"--annotate {out}: is the same as --camera; give another name")
    turn = turn or (lambda picture: picture)
    if source.is_dir():
        return _FolderCopy(source, _folder(out), labels, turn)
    _check_file(out)
    if source.suffix.lower() in PICTURE_SUFFIXES:
        _check_ending(out, PICTURE_SUFFIXES, "a picture")
        return _PictureCopy(source, out, labels, turn)
    _check_ending(out, CLIP_ENDINGS, "a clip")
    return _ClipCopy(source, out, labels, turn)


def _check_ending(out: Path, endings: Sequence[str], what: str) -> None:
    if out.suffix.lower() not in endings:
        raise UsageError(f"--annotate {out}: the copy of {what} must end in one of {' '.join(endings)}")


def _check_file(out: Path) -> None:
    if out.is_dir():
        raise UsageError(f"--annotate {out}: is a folder; give the name of a file")
    part = _part(out)
    try:
        part.touch()
        part.unlink()
    except OSError as error:
        raise UsageError(f"--annotate {out}: {error.strerror}") from error


def _folder(out: Path) -> Path:
    try:
        out.mkdir(exist_ok=True)
    except FileExistsError:
        raise UsageError(f"--annotate {out}: is a file; the copy of a folder is a folder") from None
    except OSError as error:
        raise UsageError(f"--annotate {out}: {error.strerror}") from error
    _check_file(out / "probe")
    return out


def _part(out: Path) -> Path:
    """What a file is called until it is whole; hidden, with the ending by which OpenCV chooses the format."""
    return out.with_name(f".{out.stem}.part{out.suffix}")


@contextmanager
def _told(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AnnotateError(f"--annotate {out}: {error.strerror or error}") from error
    except cv2.error as error:
        raise AnnotateError(f"--annotate {out}: OpenCV cannot write it: {error.err}") from error


class _PictureCopy:
    """One picture, written at once."""

    def __init__(self, source: Path, out: Path, labels: Sequence[str], turn: Callable[[Picture], Picture]) -> None:
        self._source, self._out, self._labels, self._turn = source, out, labels, turn

    def add(self, frame: Frame, tracks: Sequence[TrackedFace]) -> None:
        with _told(self._out):
            content = np.frombuffer(self._source.read_bytes(), np.uint8)
            picture = self._turn(np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8))
            draw(picture, tracks, self._labels, frame.grey.shape[1] / picture.shape[1])
            part = _part(self._out)
            try:
                part.write_bytes(_encoded(picture, self._out.suffix.lower()))
                part.replace(self._out)
            finally:
                part.unlink(missing_ok=True)

    def finish(self) -> None:
        """Nothing is left to do."""

    def drop(self) -> None:
        """Nothing is unfinished."""


def _encoded(picture: Picture, ending: str) -> bytes:
    grey = ending == ".pgm"  # it knows no colours
    return cv2.imencode(ending, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if grey else picture)[1].tobytes()


class _FolderCopy:
    """A picture of the same name for each that could be read."""

    def __init__(self, source: Path, out: Path, labels: Sequence[str], turn: Callable[[Picture], Picture]) -> None:
        self._paths = list_pictures(source)
        self._out, self._labels, self._turn = out, labels, turn

    def add(self, frame: Frame, tracks: Sequence[TrackedFace]) -> None:
        path = self._paths[frame.number]
        _PictureCopy(path, self._out / path.name, self._labels, self._turn).add(frame, tracks)

    def finish(self) -> None:
        """Nothing is left to do."""

    def drop(self) -> None:
        """Nothing is unfinished."""


class _ClipCopy:
    """A clip or GIF of the rate and size of its source; .mp4 ends at an even size."""

    def __init__(self, source: Path, out: Path, labels: Sequence[str], turn: Callable[[Picture], Picture]) -> None:
        self._out, self._labels, self._turn = out, labels, turn
        self._capture = cv2.VideoCapture(str(source), cv2.CAP_FFMPEG)
        self._rate = self._capture.get(cv2.CAP_PROP_FPS) or 25.0
        self._writer: _Mp4 | _Gif | None = None
        if out.suffix.lower() == ".gif":
            self._writer = _Gif(out, self._capture, self._rate)

    def add(self, frame: Frame, tracks: Sequence[TrackedFace]) -> None:
        there, read = self._capture.read()
        if not there:
            raise AnnotateError(f"--annotate {self._out}: frame {frame.number} could not be read a second time")
        picture = self._turn(np.asarray(read, np.uint8))
        draw(picture, tracks, self._labels, frame.grey.shape[1] / picture.shape[1])
        with _told(self._out):
            self._writer = self._writer or _Mp4(_part(self._out), self._rate, picture.shape[1::-1])
            self._writer.write(picture)

    def finish(self) -> None:
        try:
            if self._writer:
                with _told(self._out):
                    self._writer.close(_part(self._out))
                    _part(self._out).replace(self._out)
        finally:
            self.drop()

    def drop(self) -> None:
        self._capture.release()
        _part(self._out).unlink(missing_ok=True)


class _Mp4:
    """MPEG-4 through OpenCV, which every wheel of it can write and every player read."""

    def __init__(self, part: Path, rate: float, size: tuple[int, ...]) -> None:
        self._writer = cv2.VideoWriter(str(part), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), rate, size[:2])
        if not self._writer.isOpened():
            raise OSError("this OpenCV cannot write it, or there is no room")
        self._written = 0

    def write(self, picture: Picture) -> None:
        self._writer.write(picture)
        self._written += 1

    def close(self, part: Path) -> None:
        """Raises OSError when the file does not hold every frame: OpenCV is silent about a full disk."""
        self._writer.release()
        capture = cv2.VideoCapture(str(part), cv2.CAP_FFMPEG)
        held = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        capture.release()
        if held != self._written:
            raise OSError(f"only {max(0, held)} of {self._written} frames could be written; is the disk full?")


class _Gif:
    """A GIF through pillow, each frame with 256 colours of its own."""

    def __init__(self, out: Path, capture: cv2.VideoCapture, rate: float) -> None:
        try:
            from PIL import Image
        except ImportError:
            raise MissingExtraError(f"--annotate {out}", "annotate", "pillow") from None
        pixels = 1.0
        for size in (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT):
            pixels *= capture.get(size)
        if pixels > LARGEST_GIF:
            raise UsageError(f"--annotate {out}: the clip is too long for a GIF; give a name that ends in .mp4")
        self._image, self._rate = Image, rate
        self._frames: list[Any] = []

    def write(self, picture: Picture) -> None:
        image = self._image.fromarray(np.ascontiguousarray(picture[:, :, ::-1]))
        self._frames.append(image.quantize(256))

    def close(self, part: Path) -> None:
        """Write all frames. Raises OSError."""
        first, *others = self._frames
        # Hundredths of a second are all that a GIF can tell, and players slow down whatever claims less than two.
        duration = 10 * max(2, round(100 / self._rate))
        first.save(part, "GIF", save_all=True, append_images=others, duration=duration, loop=0)
