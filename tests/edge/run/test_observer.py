"""The observers that print events and write an annotated copy; their output is tested in test_cli and test_writers."""

from __future__ import annotations

import errno
import io
import itertools
import json
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from typing import TextIO

import numpy as np
import pytest
from tests.support.waiting import wait_until

from fer_edge.cameras.frame import Frame
from fer_edge.output import open_unbuffered
from fer_edge.run.controls import RunControls
from fer_edge.run.observer import AnnotationObserver, EventPrinter, OutputError, UnprintedError
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


def open_printer(stream: TextIO, controls: RunControls, *, live: bool = True) -> EventPrinter:
    printer = EventPrinter(stream, live=live)
    printer.on_start(None, controls)  # type: ignore[arg-type]
    return printer


def test_each_event_is_printed_as_a_line_of_json(controls: RunControls) -> None:
    out = io.StringIO()
    printer = open_printer(out, controls)
    printer.on_event({"id": "a-0"})
    printer.on_event({"id": "a-1"})
    printer.finish()
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [{"id": "a-0"}, {"id": "a-1"}]
    assert not controls.stopping


def test_a_broken_output_stops_the_run_and_is_raised_at_its_end(controls: RunControls) -> None:
    printer = open_printer(FullDisk(), controls)
    printer.on_event({"id": "a-0"})

    def poll() -> bool:
        printer.poll()
        return controls.stopping

    wait_until(poll)
    printer.on_event({"id": "a-1"})
    with pytest.raises(OutputError, match="cannot write to standard output: No space left on device") as raised:
        printer.finish()
    assert isinstance(raised.value.__cause__, OSError)
    assert raised.value.setting == "output.print"


class Pipe:
    """A pipe with room for 64 KiB, which a test reads when it likes."""

    def __init__(self) -> None:
        reader, writer = os.pipe()
        self._reader, self._writer = os.fdopen(reader, "rb"), os.fdopen(writer, "w")
        self.stream = open_unbuffered(self._writer)

    def close(self) -> None:
        self._reader.close()  # a blocked writer fails with a broken pipe
        self._writer.close()

    def read(self, until: str) -> list[str]:
        """The identifiers of the events, up to that one."""
        identifiers: list[str] = []
        while until not in identifiers:
            identifiers.append(json.loads(self._reader.readline())["id"])
        return identifiers


PADDING = "x" * 1000  # makes an event as long as those of a model with many classes


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


def test_a_reader_that_is_slow_for_a_while_gets_every_event_of_a_camera(pipe: Pipe, controls: RunControls) -> None:
    printer = open_printer(pipe.stream, controls)
    for number in range(1000):
        printer.on_event({"id": f"a-{number}", "padding": PADDING})
    assert pipe.read("a-999") == [f"a-{number}" for number in range(1000)]
    printer.finish()


def test_events_that_a_blocked_reader_leaves_no_room_for_are_dropped_and_counted(
    pipe: Pipe, controls: RunControls, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_edge.run.observer.MAX_PENDING", 100)
    printer = open_printer(pipe.stream, controls)
    for number in range(1000):
        printer.on_event({"id": f"a-{number}", "padding": PADDING})
    assert caplog.messages == ["standard output is not read; further events are not printed until it has been read"]
    printed: list[str] = []
    reader = threading.Thread(target=lambda: printed.extend(pipe.read("end")))
    reader.start()
    later = itertools.count()
    wait_until(lambda: printer.on_event({"id": f"b-{next(later)}"}) or len(caplog.messages) == 2)
    printer.on_event({"id": "end"})
    reader.join(10)
    count = next(later)
    missing = 1000 + count + 1 - len(printed)
    assert missing > 500
    assert printed == [f"a-{number}" for number in range(len(printed) - 2)] + [f"b-{count - 1}", "end"]
    assert caplog.messages[1:] == [f"standard output is read again; {missing} events were not printed"]
    with pytest.raises(UnprintedError, match=f"^{missing} events were not printed, as standard output was not read"):
        printer.finish()


def test_a_file_waits_for_a_slow_reader_until_the_run_is_stopped(
    pipe: Pipe, controls: RunControls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_edge.run.observer.MAX_PENDING", 100)
    monkeypatch.setattr("fer_edge.run.observer.STOP_TIMEOUT", 0.1)
    printer = open_printer(pipe.stream, controls, live=False)
    passed: list[str] = []

    def run() -> None:
        while not controls.stopping:
            passed.append(f"a-{len(passed)}")
            printer.on_event({"id": passed[-1], "padding": PADDING})

    thread = threading.Thread(target=run)
    thread.start()
    assert pipe.read("a-500") == [f"a-{number}" for number in range(501)]
    wait_until(lambda: len(passed) > 620)  # more than the pipe holds beyond what was read
    controls.stop()
    thread.join(5)
    assert not thread.is_alive()
    with pytest.raises(UnprintedError):
        printer.finish()


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
