"""Observers of a run: they receive its frames and events, and may end it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from fer_edge.cameras.frame import Frame
from fer_edge.errors import FerError
from fer_edge.events import encode
from fer_edge.run.controls import RunControls
from fer_edge.run.status import RunStatus
from fer_edge.tracking.track import TrackedFace

if TYPE_CHECKING:
    from fer_edge.annotation.writers import AnnotationWriter

log = logging.getLogger(__name__)


class OutputError(FerError):
    """The events could not be printed; `__cause__` is the reason."""


class RunObserver(Protocol):
    """What receives the frames and events of a run. The loop over the frames calls every method.

    A method may raise FerError, which ends the run cleanly. Subclasses inherit methods that do nothing.
    """

    # A body of nothing but a docstring would be abstract to mypy; hence the `return`.

    def on_start(self, status: RunStatus, controls: RunControls) -> None:
        """The run begins. `status` and `controls` may be used from any thread."""
        return

    def on_frame(self, frame: Frame, faces: Sequence[TrackedFace]) -> None:
        """A frame was processed; `faces` are those in it, the largest first, with boxes in its pixels."""
        return

    def on_event(self, message: dict[str, Any]) -> None:
        """An event happened; `message` is what subscribers receive."""
        return

    def poll(self) -> None:
        """Called after each frame, and a few times a second while there are none."""
        return

    def finish(self) -> None:
        """The frames have ended and the last event has been passed on: complete what is unfinished."""
        return

    def close(self) -> None:
        """Release everything. May be called more than once."""
        return


class EventPrinter(RunObserver):
    """Writes each event as a line of JSON. If that fails, the run is stopped and `finish` raises OutputError."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._controls: RunControls | None = None
        self._error: OSError | None = None

    def on_start(self, status: RunStatus, controls: RunControls) -> None:
        """Keep `controls`, to stop the run after an error."""
        self._controls = controls

    def on_event(self, message: dict[str, Any]) -> None:
        """Write a line, unless an earlier one failed."""
        if self._error:
            return
        try:
            self._stream.write(encode(message) + "\n")
            self._stream.flush()
        except OSError as error:
            # The reader has exited, or the disk is full. The run still ends cleanly, for the subscribers' sake.
            self._error = error
            if self._controls:
                self._controls.stop()

    def finish(self) -> None:
        """Raise OutputError if a line could not be written."""
        if self._error:
            message = f"cannot write to standard output: {self._error.strerror}"
            raise OutputError(message, setting="output.print") from self._error


class AnnotationObserver(RunObserver):
    """Writes an annotated copy, which is discarded if the run is stopped before its end."""

    def __init__(self, writer: AnnotationWriter) -> None:
        self._writer = writer
        self._controls: RunControls | None = None

    def on_start(self, status: RunStatus, controls: RunControls) -> None:
        """Keep `controls`, which knows whether the run was stopped."""
        self._controls = controls

    def on_frame(self, frame: Frame, faces: Sequence[TrackedFace]) -> None:
        """Write the frame with its faces. Raises AnnotationError."""
        self._writer.write(frame, faces)

    def finish(self) -> None:
        """Complete the copy. Raises AnnotationError."""
        if self._controls and self._controls.stopping:
            log.warning("--annotate: stopped before the end; the copy is discarded")
        else:
            self._writer.finish()

    def close(self) -> None:
        """Discard what is unfinished."""
        self._writer.discard()
