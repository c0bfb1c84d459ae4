"""Annotated copies of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2

from fer_edge.annotation.output_file import OutputFile
from fer_edge.annotation.overlay import Annotator, Picture
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.pictures import list_pictures, read_colour
from fer_edge.tracking.track import TrackedFace


class PictureWriter:
    """Copies one picture."""

    def __init__(self, source: Path, output: OutputFile, annotator: Annotator) -> None:
        self._source, self._output, self._annotator = source, output, annotator

    def write(self, frame: Frame, faces: Sequence[TrackedFace]) -> None:
        """Write the picture. Raises AnnotationError."""
        with self._output.convert_errors():
            annotated = self._annotator.annotate(read_colour(self._source), frame, faces)
            try:
                self._output.partial.write_bytes(_encode(annotated, self._output.path.suffix.lower()))
                self._output.commit()
            finally:
                self._output.discard()

    def finish(self) -> None:
        """Do nothing: the picture is complete."""

    def discard(self) -> None:
        """Do nothing: there is no incomplete file."""


class FolderWriter:
    """Copies every readable picture of a folder under its own name."""

    def __init__(self, source: Path, folder: Path, annotator: Annotator) -> None:
        self._pictures = list_pictures(source)
        self._folder, self._annotator = folder, annotator

    def write(self, frame: Frame, faces: Sequence[TrackedFace]) -> None:
        """Write the picture that the frame was read from. Raises AnnotationError."""
        source = self._pictures[frame.number]
        PictureWriter(source, OutputFile(self._folder / source.name), self._annotator).write(frame, faces)

    def finish(self) -> None:
        """Do nothing: every picture is complete."""

    def discard(self) -> None:
        """Do nothing: there is no incomplete file."""


def _encode(picture: Picture, suffix: str) -> bytes:
    if suffix == ".pgm":  # grey only
        return cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))[1].tobytes()
    return cv2.imencode(suffix, picture)[1].tobytes()
