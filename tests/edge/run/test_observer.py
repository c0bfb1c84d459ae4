"""The observers that print events and write an annotated copy; their output is tested in test_cli and test_writers."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
from collections.abc import Sequence

import numpy as np
import pytest

from fer_edge.cameras.frame import Frame
from fer_edge.run.controls import RunControls
from fer_edge.run.observer import AnnotationObserver, EventPrinter, OutputError
from fer_edge.tracking.track import TrackedFace


class FullDisk(io.StringIO):
    """A stream that cannot be written."""

    def write(self, _: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Writer:
    """Records the calls to an annotation writer."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def write(self, frame: Frame, faces: Sequence[TrackedFace]) -> None:
        self.calls.append(f"write {frame.number}")

    def finish(self) -> None:
        self.calls.append("finish")

    def discard(self) -> None:
        self.calls.append("discard")


@pytest.fixture
def controls() -> RunControls:
    return RunControls(None)  # type: ignore[arg-type]  # no pipeline is needed


def test_each_event_is_printed_as_a_line_of_json(controls: RunControls) -> None:
    out = io.StringIO()
    printer = EventPrinter(out)
    printer.on_start(None, controls)  # type: ignore[arg-type]
    printer.on_event({"id": "a-0"})
    printer.on_event({"id": "a-1"})
    printer.finish()
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [{"id": "a-0"}, {"id": "a-1"}]
    assert not controls.stopping


def test_a_broken_output_stops_the_run_and_is_raised_at_its_end(controls: RunControls) -> None:
    printer = EventPrinter(FullDisk())
    printer.on_start(None, controls)  # type: ignore[arg-type]
    printer.on_event({"id": "a-0"})
    assert controls.stopping
    printer.on_event({"id": "a-1"})
    with pytest.raises(OutputError, match="cannot write to standard output: No space left on device") as raised:
        printer.finish()
    assert isinstance(raised.value.__cause__, OSError)
    assert raised.value.setting == "output.print"


@pytest.mark.parametrize("stopped", [False, True])
def test_a_copy_is_completed_unless_the_run_was_stopped(
    controls: RunControls, caplog: pytest.LogCaptureFixture, stopped: bool
) -> None:
    caplog.set_level(logging.WARNING)
    writer = Writer()
    observer = AnnotationObserver(writer)
    observer.on_start(None, controls)  # type: ignore[arg-type]
    observer.on_frame(Frame(np.zeros((4, 4), np.uint8), 0.0, 7), [])
    if stopped:
        controls.stop()
    observer.finish()
    observer.close()
    assert writer.calls == (["write 7", "discard"] if stopped else ["write 7", "finish", "discard"])
    assert [message.partition(":")[0] for message in caplog.messages] == stopped * ["--annotate"]
