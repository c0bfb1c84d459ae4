"""What the hub passes on from the loop over the frames, and how often."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.support.clock import FakeClock
from tests.support.media import WALK

from fer_edge.cameras.files import VideoFile
from fer_edge.cameras.frame import Frame
from fer_edge.config.model import Config
from fer_edge.daemon import Daemon
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.run.models import Models
from fer_edge.web.history import SAMPLE_INTERVAL
from fer_edge.web.hub import (
    MAX_COLOURLESS_FRAMES,
    MAX_FRAME_RATE,
    MAX_STREAM_BACKLOG,
    MAX_TOTAL_FRAME_RATE,
    MAX_VIEWERS,
    MIN_STREAM_TIME,
    EventStream,
    Hub,
    end_stream,
)
from fer_edge.web.picture_streams import PictureStream
from fer_edge.web.viewer import Viewer


class ImmediateLoop:
    """A loop that calls every function at once, and records its name."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def call_soon_threadsafe(self, function: Callable[..., None], *arguments: Any) -> None:
        self.calls.append(function.__name__)
        function(*arguments)


class Run:
    """A run over the clip, again and again, with a fake clock."""

    def __init__(self, classifier: EmotionClassifier) -> None:
        self.clock = FakeClock()
        self.source = VideoFile(WALK)
        daemon = Daemon(Config(camera=str(WALK), broker=None), self.source, Models(classifier), clock=self.clock)
        self.hub, self.loop = Hub(daemon.status), ImmediateLoop()
        self.hub.attach(self.loop)  # type: ignore[arg-type]
        self._pipeline = daemon.controls.pipeline
        clip = VideoFile(WALK)
        clip.keeps_colour = True
        self._frames = itertools.cycle(clip)

    def play(self, seconds: float, fps: float = 25.0) -> None:
        for frame in itertools.islice(self._frames, round(seconds * fps)):
            self.clock.advance(1 / fps)
            self._pipeline.step(Frame(frame.grey, self.clock.now, frame.number))
            self.hub.on_frame(frame, self._pipeline.tracked_faces)


@pytest.fixture
def run(classifier: EmotionClassifier) -> Run:
    return Run(classifier)


def make_viewer() -> Viewer:
    return Viewer(SimpleNamespace(transport=None))  # type: ignore[arg-type]


def test_without_viewers_no_picture_is_passed_on(run: Run) -> None:
    run.play(10)
    assert set(run.loop.calls) == {"_add_sample"}
    assert len(run.loop.calls) == pytest.approx(10 / SAMPLE_INTERVAL, abs=1)


@pytest.mark.parametrize(("fps", "expected"), [(10, 10), (25, MAX_FRAME_RATE), (200, MAX_FRAME_RATE)])
def test_a_viewer_gets_the_frame_rate_of_the_camera_up_to_a_limit(run: Run, fps: float, expected: float) -> None:
    run.hub.viewers.add(make_viewer())
    run.play(4, fps)
    assert run.loop.calls.count("_offer_frame") == pytest.approx(4 * expected, abs=2)


def test_the_colour_is_kept_only_while_there_are_viewers(run: Run) -> None:
    run.play(1)
    assert not run.source.keeps_colour
    viewer, stream = make_viewer(), PictureStream(blur=False)
    for connect, disconnect in (
        (run.hub.viewers.add, run.hub.viewers.discard),
        (run.hub.pictures.add, run.hub.pictures.remove),
    ):
        watcher = viewer if connect == run.hub.viewers.add else stream
        connect(watcher)  # type: ignore[arg-type]
        run.play(1)
        assert run.source.keeps_colour
        disconnect(watcher)  # type: ignore[arg-type]
        run.play(1)
        assert not run.source.keeps_colour


def test_frames_that_were_captured_before_their_colour_was_asked_for_are_skipped(run: Run) -> None:
    run.hub.viewers.add(make_viewer())
    grey = Frame(np.zeros((48, 64), np.uint8), 0.0, 0)
    coloured = replace(grey, colour=lambda: np.zeros((48, 64, 3), np.uint8))
    for frame in (grey, grey, coloured, coloured):
        run.clock.advance(1)
        run.hub.on_frame(frame, [])
    assert run.loop.calls.count("_offer_frame") == 2
    run.hub.viewers.clear()
    run.hub.on_frame(grey, [])
    run.hub.viewers.add(make_viewer())
    for _ in range(6):  # a camera without colour
        run.clock.advance(1)
        run.hub.on_frame(grey, [])
    assert run.loop.calls.count("_offer_frame") == 2 + 6 - MAX_COLOURLESS_FRAMES


def test_many_viewers_get_fewer_frames_so_that_the_pipeline_has_its_time(run: Run) -> None:
    run.hub.viewers.update(make_viewer() for _ in range(MAX_VIEWERS))
    run.play(4)
    assert run.loop.calls.count("_offer_frame") == pytest.approx(4 * MAX_TOTAL_FRAME_RATE / MAX_VIEWERS, abs=2)


def test_no_jpeg_is_made_before_a_viewer_requests_a_frame(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    monkeypatch.setattr("fer_edge.web.frame_picture.encode_jpeg", lambda _: made.append(1) or b"")
    run.hub.viewers.add(make_viewer())
    run.play(2)
    assert "_offer_frame" in run.loop.calls
    assert not made


def test_the_initial_message_describes_the_run_and_its_history(run: Run) -> None:
    run.play(10)
    run.hub.on_event({"id": "a-0", "type": "start"})
    message = json.loads(run.hub.initial_message(login=True))
    assert (message["type"], message["login"], message["browser"]) == ("hello", True, False)
    assert message["now"] == run.clock.now
    assert message["labels"] == list(run.hub.status.labels)
    assert message["events"] == [{"id": "a-0", "type": "start"}]
    assert len(message["samples"]) == pytest.approx(10 / SAMPLE_INTERVAL, abs=1)


def test_viewers_and_streams_are_limited_together_and_the_oldest_stream_makes_room(run: Run) -> None:
    run.hub.viewers.update(make_viewer() for _ in range(MAX_VIEWERS - 2))
    first, second = EventStream(MAX_STREAM_BACKLOG), EventStream(MAX_STREAM_BACKLOG)
    run.hub.add_stream(first)
    run.clock.advance(MIN_STREAM_TIME - 1)
    assert run.hub.make_room()
    run.hub.add_stream(second)
    assert not run.hub.make_room()
    run.clock.advance(1)
    run.hub.on_event({"id": "a-0", "type": "start"})
    assert run.hub.make_room()
    assert list(run.hub.streams) == [second]
    assert (drain(first), drain(second)) == ([{"id": "a-0", "type": "start"}, None], [{"id": "a-0", "type": "start"}])
    run.hub.viewers.add(make_viewer())
    assert not run.hub.make_room()


def test_viewers_make_no_room(run: Run) -> None:
    run.hub.viewers.update(make_viewer() for _ in range(MAX_VIEWERS))
    run.clock.advance(MIN_STREAM_TIME)
    assert not run.hub.make_room()


def drain(stream: EventStream) -> list[Any]:
    return [stream.get_nowait() for _ in range(stream.qsize())]


def test_a_stream_gets_every_event_and_ends_when_its_reader_falls_too_far_behind(run: Run) -> None:
    prompt, slow = EventStream(MAX_STREAM_BACKLOG), EventStream(MAX_STREAM_BACKLOG)
    run.hub.add_stream(prompt)
    run.hub.add_stream(slow)
    received = []
    for number in range(MAX_STREAM_BACKLOG + 1):
        run.hub.on_event({"id": f"a-{number}", "type": "start"})
        received += drain(prompt)
    assert [event["id"] for event in received] == [f"a-{number}" for number in range(MAX_STREAM_BACKLOG + 1)]
    assert drain(slow)[-1] is None


def test_a_stream_that_ends_keeps_the_events_that_are_queued() -> None:
    stream = EventStream(2)
    stream.put_nowait({"id": "a-0"})
    end_stream(stream)
    assert drain(stream) == [{"id": "a-0"}, None]
