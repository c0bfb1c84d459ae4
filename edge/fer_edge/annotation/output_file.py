"""An output file that has its name only once it is complete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2

from fer_edge.errors import FerError, UsageError

MAX_STEM = 50  # characters, at most four bytes each, of the name of an incomplete file


class AnnotationError(FerError):
    """The annotated copy could not be written."""


@dataclass(frozen=True)
class OutputFile:
    """A file that is written under another name first.

    Attributes:
        path: Its name once it is complete.
    """

    path: Path

    @property
    def partial(self) -> Path:
        """Its name until then: hidden, not too long, and with the same suffix, from which OpenCV chooses the format."""
        return self.path.with_name(f".{self.path.stem[:MAX_STEM]}.part{self.path.suffix}")

    def check(self) -> None:
        """Raise UsageError if the file cannot be created."""
        try:
            if self.path.is_dir():
                raise UsageError(f"--annotate {self.path}: is a folder", cure="give the name of a file")
            self.partial.touch()
            self.partial.unlink()
        except OSError as error:
            raise UsageError(f"--annotate {self.path}: {error.strerror}") from error

    def commit(self) -> None:
        """Give the file its name. Raises OSError."""
        self.partial.replace(self.path)

    def discard(self) -> None:
        """Remove the file if it is incomplete."""
        self.partial.unlink(missing_ok=True)

    @contextmanager
    def convert_errors(self) -> Iterator[None]:
        """Turn an OSError or an error of OpenCV into an AnnotationError."""
        try:
            yield
        except OSError as error:
            raise AnnotationError(f"--annotate {self.path}: {error.strerror or error}") from error
        except cv2.error as error:
            raise AnnotationError(f"--annotate {self.path}: OpenCV cannot write it: {error.err}") from error
