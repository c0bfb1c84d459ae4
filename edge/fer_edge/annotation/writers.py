"""The annotated copy of a clip, a GIF, a picture or a folder of pictures.

The pipeline works on grey frames, so the file is read a second time here, in colour; a run without a copy does not pay
for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from fer_edge.annotation.output_file import OutputFile
from fer_edge.annotation.overlay import Annotator, Picture
from fer_edge.annotation.picture_writer import FolderWriter, PictureWriter
from fer_edge.annotation.video_writer import VIDEO_SUFFIXES, VideoWriter
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.pictures import PICTURE_SUFFIXES, is_picture, printable
from fer_edge.config.addresses import hide_secrets
from fer_edge.errors import UsageError
from fer_edge.tracking.track import TrackedFace
from fer_edge.zones import Zone


class AnnotationWriter(Protocol):
    """Writes an annotated copy."""

    def write(self, frame: Frame, faces: Sequence[TrackedFace]) -> None:
        """Add the next frame with its faces. Raises AnnotationError."""
        ...

    def finish(self) -> None:
        """Complete the copy. Raises AnnotationError."""
        ...

    def discard(self) -> None:
        """Remove an incomplete copy. Does nothing after `finish`."""
        ...


def open_writer(
    camera: str,
    out: Path,
    labels: Sequence[str],
    orient: Callable[[Picture], Picture] | None = None,
    zones: Sequence[Zone] = (),
) -> AnnotationWriter:
    """The writer of an annotated copy.

    Args:
        camera: The file or folder to copy.
        out: The file or folder to write.
        labels: The emotions, in the order of the probabilities.
        orient: How the camera rotates and flips every picture, if it does.
        zones: Drawn, too.

    Raises:
        UsageError: `camera` is not a file or folder, or `out` cannot be written.
    """
    source = Path(camera)
    if not source.is_file() and not source.is_dir():
        raise UsageError(f"--annotate {out}: needs a file or folder as --camera; {hide_secrets(camera)} is neither")
    if _is_same(out, source):
        raise UsageError(f"--annotate {out}: is the same as --camera", cure="give another name")
    annotator = Annotator(labels, orient, zones)
    if source.is_dir():
        return FolderWriter(source, _make_folder(out), annotator)
    output = OutputFile(out)
    output.check()
    if is_picture(source):
        _check_suffix(out, PICTURE_SUFFIXES, "a picture")
        return PictureWriter(source, output, annotator)
    _check_suffix(out, VIDEO_SUFFIXES, "a clip")
    if printable(out) != str(out):  # OpenCV would crash
        raise UsageError(f"--annotate {printable(out)}: the name of the copy of a clip must be UTF-8")
    return VideoWriter(source, output, annotator)


def _is_same(out: Path, source: Path) -> bool:
    try:
        return out.samefile(source)
    except OSError:  # most often there is no such file yet
        return False


def _check_suffix(out: Path, suffixes: Sequence[str], source: str) -> None:
    if out.suffix.lower() not in suffixes:
        raise UsageError(f"--annotate {out}: the copy of {source} must end in one of {' '.join(suffixes)}")


def _make_folder(out: Path) -> Path:
    try:
        out.mkdir(exist_ok=True)
    except FileExistsError:
        raise UsageError(f"--annotate {out}: is a file; the copy of a folder is a folder") from None
    except OSError as error:
        raise UsageError(f"--annotate {out}: {error.strerror}") from error
    OutputFile(out / "probe").check()
    return out
