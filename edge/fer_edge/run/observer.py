"""Observers of a run: they receive its frames and events, and may end it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from fer_edge.cameras.frame import Frame
from fer_edge.errors import FerError
from fer_edge.events import encode
from fer_edge.output import BackgroundWriter
from fer_edge.run.controls import RunControls
from fer_edge.run.status import RunStatus
from fer_edge.tracking.track import TrackedFace

if TYPE_CHECKING:
    from fer_edge.annotation.writers import AnnotationWriter

log = logging.getLogger(__name__)

MAX_PENDING = 10_000  # events that wait for the reader of standard output: some 5 MB with seven classes
WAIT_INTERVAL = 0.1  # seconds between two checks whether the run is stopped while a reader is waited for
STOP_TIMEOUT = 1.0  # seconds to print what is left when the run is stopped


class OutputError(FerError):
    """The events could not be printed; `__cause__` is the reason."""


class UnprintedError(OutputError):
    """The run ended, and not every event was read from standard output."""


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

    def on_report(self, topic: str, message: dict[str, Any]) -> None:
        """A report is due, such as a minute; `message` is what subscribers of `fer/<device>/<topic>` receive."""
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
    """Writes each event as a line of JSON, from a thread of its own, since the reader may be slow or blocked.

    Events wait for a slow reader. When MAX_PENDING of them wait, a file is held up until there is room; a camera is
    not, and further events are dropped and counted until the reader has caught up. If a line cannot be written, the run
    is stopped. `finish` raises OutputError if any event was not printed, and logs which picture files have no face.
    """

    def __init__(self, stream: TextIO, *, live: bool) -> None:
        """`live` is whether the frames come from a camera, which does not wait."""
        self._writer = BackgroundWriter(stream, MAX_PENDING)
        self._live = live
        self._controls: RunControls | None = None
        self._dropping = False
        self._dropped = 0
        self._faceless: list[str] = []

    def on_start(self, status: RunStatus, controls: RunControls) -> None:
        """Keep `controls`, to stop the run after an error."""
        self._controls = controls

    def on_frame(self, frame: Frame, faces: Sequence[TrackedFace]) -> None:
        """Keep the name of a picture file without a face."""
        if frame.file and not faces:
            self._faceless.append(frame.file)

    def on_event(self, message: dict[str, Any]) -> None:
        """Write a line in the background, unless an earlier one failed."""
        line = encode(message) + "\n"
        if self._dropping and not self._writer.drain(0):
            self._dropping = False
            log.warning("standard output is read again; %d events were not printed", self._dropped)
        if self._dropping or not self._put(line):
            self._drop()

    def poll(self) -> None:
        """Stop the run if a line could not be written: the reader has exited, or the disk is full."""
        if self._writer.error and self._controls:
            self._controls.stop()  # the run still ends cleanly, for the subscribers' sake

    def finish(self) -> None:
        """Print what is left, at the end of a file all of it, and log which pictures have no face."""
        if self._faceless:  # in one line: the log limits how often a line of code logs
            log.info("no face found in %d of the pictures: %s", len(self._faceless), ", ".join(self._faceless))
        while self._writer.drain(WAIT_INTERVAL) and not (self._stopping or self._writer.error):
            pass
        missing = self._dropped + self._writer.drain(STOP_TIMEOUT)
        if error := self._writer.error:
            raise OutputError(f"cannot write to standard output: {error.strerror}", setting="output.print") from error
        if missing:
            raise UnprintedError(f"{missing} events were not printed, as standard output was not read")

    @property
    def _stopping(self) -> bool:
        return self._controls is not None and self._controls.stopping

    def _put(self, line: str) -> bool:
        if self._live:
            return self._writer.put(line)
        while not self._writer.put(line, WAIT_INTERVAL):
            if self._stopping or self._writer.error:
                return False
        return True

    def _drop(self) -> None:
        self._dropped += 1
        if not (self._dropping or self._writer.error):
            self._dropping = True
            log.warning("standard output is not read; further events are not printed until it has been read")


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
