"""Annotated copies of clips and GIFs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fer_edge.annotation.output_file import AnnotationError, OutputFile
from fer_edge.annotation.overlay import Annotator, Picture
from fer_edge.cameras.clip import open_clip, read_frames
from fer_edge.cameras.frame import Frame
from fer_edge.errors import MissingExtraError, UsageError
from fer_edge.tracking.track import TrackedFace

VIDEO_SUFFIXES = (".mp4", ".gif")
DEFAULT_FPS = 25.0  # of a source that does not state its rate
MAX_GIF_PIXELS = 1 << 29  # of all frames, one byte each: pillow holds all of them until it writes
GIF_COLOURS = 256
GIF_TICK = 10  # milliseconds, the unit of durations in a GIF
MIN_GIF_TICKS = 2  # of a frame; players slow down a GIF that asks for less


class VideoWriter:
    """Copies a clip or GIF at the frame rate and size of its source; .mp4 rounds the size down to even numbers."""

    def __init__(self, source: Path, output: OutputFile, annotator: Annotator) -> None:
        """Raises UsageError or MissingExtraError if a GIF cannot be written."""
        self._output, self._annotator = output, annotator
        self._capture = open_clip(source)
        self._pictures = read_frames(self._capture)
        self._fps = self._capture.get(cv2.CAP_PROP_FPS) or DEFAULT_FPS
        self._encoder: _Mp4Encoder | _GifEncoder | None = None
        if output.path.suffix.lower() == ".gif":
            _check_gif_size(self._capture, output.path)
            self._encoder = _GifEncoder(output.path, self._fps)

    def write(self, frame: Frame, faces: Sequence[TrackedFace]) -> None:
        """Add the next frame. Raises AnnotationError."""
        picture = next(self._pictures, None)
        if picture is None:
            raise AnnotationError(f"--annotate {self._output.path}: frame {frame.number} could not be read again")
        annotated = self._annotator.annotate(picture, frame, faces)
        with self._output.convert_errors():
            if not self._encoder:
                self._encoder = _Mp4Encoder(self._output.partial, self._fps, annotated.shape[1::-1])
            self._encoder.write(annotated)

    def finish(self) -> None:
        """Complete the copy. Raises AnnotationError."""
        try:
            if self._encoder:
                with self._output.convert_errors():
                    self._encoder.close(self._output.partial)
                    self._output.commit()
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove an incomplete copy and release the source."""
        self._capture.release()
        self._output.discard()


class _Mp4Encoder:
    """Writes MPEG-4 with OpenCV: every OpenCV wheel can write it, and every player read it."""

    def __init__(self, partial: Path, fps: float, size: tuple[int, ...]) -> None:
        self._writer = cv2.VideoWriter(str(partial), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), fps, size[:2])
        if not self._writer.isOpened():
            raise OSError("this OpenCV cannot write it, or the disk is full")
        self._written = 0

    def write(self, picture: Picture) -> None:
        self._writer.write(picture)
        self._written += 1

    def close(self, partial: Path) -> None:
        """Complete the file. Raises OSError if frames are missing in it: OpenCV does not report a full disk."""
        self._writer.release()
        capture = cv2.VideoCapture(str(partial), cv2.CAP_FFMPEG)
        stored = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        capture.release()
        if stored != self._written:
            raise OSError(f"only {max(0, stored)} of {self._written} frames could be written; is the disk full?")


class _GifEncoder:
    """Writes a GIF with pillow; each frame has its own palette."""

    def __init__(self, path: Path, fps: float) -> None:
        try:
            from PIL import Image
        except ImportError:
            raise MissingExtraError(f"--annotate {path}", "annotate", "pillow") from None
        self._image, self._fps = Image, fps
        self._frames: list[Any] = []

    def write(self, picture: Picture) -> None:
        rgb = np.ascontiguousarray(picture[:, :, ::-1])
        self._frames.append(self._image.fromarray(rgb).quantize(GIF_COLOURS))

    def close(self, partial: Path) -> None:
        """Write all frames. Raises OSError."""
        first, *others = self._frames
        ticks = max(MIN_GIF_TICKS, round(1000 / GIF_TICK / self._fps))
        first.save(partial, "GIF", save_all=True, append_images=others, duration=GIF_TICK * ticks, loop=0)


def _check_gif_size(capture: cv2.VideoCapture, path: Path) -> None:
    pixels = 1.0
    for factor in (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT):
        pixels *= capture.get(factor)
    if pixels > MAX_GIF_PIXELS:
        raise UsageError(f"--annotate {path}: the clip is too long for a GIF", cure="give a name that ends in .mp4")
