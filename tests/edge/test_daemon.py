"""The service with a camera and a clock of our own."""

from __future__ import annotations

import io
import itertools
import json
import time
from collections.abc import Iterator
from datetime import datetime

import cv2
import numpy as np
import pytest
from tests.support import WALK, Mosquitto

from fer_edge.cameras.base import CameraError
from fer_edge.cameras.files import VideoFile
from fer_edge.cameras.frame import Frame
from fer_edge.clock import Clock
from fer_edge.config.broker import Broker
from fer_edge.config.model import Config
from fer_edge.daemon import Service
from fer_edge.events import Event
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.mqtt.client import Client
from fer_edge.mqtt.delivery import Delivery, DeliveryError

NOON = 1_700_049_600.0  # 2023-11-15T12:00:00Z


class Camera:
    """Plays the clip as a live camera would, and then fails, or waits for the stop."""

    name, live, dropped, problem = "fake", True, 0, None

    def __init__(self, monotonic: float = 5000.0, after: int = 41) -> None:
        self.closed = False
        self.service: Service | None = None
        self._start, self._after = monotonic, after

    def __iter__(self) -> Iterator[Frame]:
        for frame in VideoFile(WALK):
            if frame.number == self._after:
                break
            yield Frame(frame.grey, self._start + frame.time, frame.number)
        if not self.service:
            raise CameraError("camera fake: unplugged")
        self.service.stop()
        yield Frame(frame.grey, self._start + 60, 41)
        raise AssertionError("nothing is read after the stop")

    def close(self) -> None:
        self.closed = True


def service(camera: Camera, classifier: EmotionClassifier, clock: Clock) -> tuple[Service, io.StringIO]:
    out = io.StringIO()
    config = Config(camera="fake", broker=None, device="cam", print_events=True)
    return Service(config, camera, classifier, stdout=out, clock=clock), out


def test_the_time_of_an_event_is_when_its_frame_was_taken(classifier: EmotionClassifier) -> None:
    """Half a second passes between a frame and its event; then the clock is set an hour on."""
    camera = Camera()
    offsets = iter([0.0] + [3600.0] * 100)
    made, out = service(camera, classifier, Clock(wall=lambda: NOON + next(offsets), monotonic=lambda: 5000.5))
    camera.service = made
    made.run()
    stamps = [json.loads(line)["ts"] for line in out.getvalue().splitlines()]
    assert stamps[0].startswith("2023-11-15T11:59:59.")
    assert stamps[1].startswith("2023-11-15T13:00:0")


def test_a_file_is_timed_by_its_own_frames(classifier: EmotionClassifier) -> None:
    out = io.StringIO()
    config = Config(camera=str(WALK), broker=None, device="cam", print_events=True)
    Service(config, VideoFile(WALK), classifier, stdout=out, clock=Clock(wall=lambda: NOON)).run()
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    for event in events:
        seconds = datetime.fromisoformat(event["ts"]).timestamp() - NOON
        assert seconds == pytest.approx(event["frame"]["number"] / 12.5, abs=0.002)


class Weather:
    """Plays the clip, is away for three ticks, and plays it again until the stop."""

    name, live, dropped, problem = "fake", True, 0, None

    def __init__(self) -> None:
        self.service: Service | None = None

    def __iter__(self) -> Iterator[Frame | None]:
        assert self.service
        clip = list(VideoFile(WALK))
        for frame in clip:
            yield Frame(frame.grey, 5000 + frame.time, frame.number)
        yield from [None] * 3
        for frame in clip:
            yield Frame(frame.grey, 5010 + frame.time, frame.number + len(clip))
        self.service.stop()
        yield None
        raise AssertionError("nothing is read after the stop")

    def close(self) -> None: ...


def test_the_faces_of_a_camera_that_went_away_have_ended_and_new_ones_start(classifier: EmotionClassifier) -> None:
    camera, out = Weather(), io.StringIO()
    config = Config(camera="fake", broker=None, device="cam", print_events=True)
    made = camera.service = Service(config, camera, classifier, stdout=out, clock=Clock())
    made.run()
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    before, after = ([event for event in events if (event["frame"]["number"] < 41) == early] for early in (True, False))
    assert before
    for part in (before, after):
        tracks = {kind: {event["track"] for event in part if event["type"] == kind} for kind in ("start", "end")}
        assert tracks["start"] == tracks["end"]
    assert not {event["track"] for event in before} & {event["track"] for event in after}


def test_a_camera_that_stops_ends_its_faces_and_is_closed_and_said(classifier: EmotionClassifier) -> None:
    camera = Camera(after=20)
    made, out = service(camera, classifier, Clock())
    with pytest.raises(CameraError, match="unplugged"):
        made.run()
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert events[-1]["type"] == "end"
    assert {event["track"] for event in events if event["type"] == "start"} == {
        event["track"] for event in events if event["type"] == "end"
    }
    assert camera.closed


def test_a_stop_ends_after_the_frame_in_hand(classifier: EmotionClassifier) -> None:
    camera = Camera()
    made, _ = service(camera, classifier, Clock())
    camera.service = made
    made.run()
    assert camera.closed


class Empty:
    """A room without anybody, until somebody says stop."""

    name, live, dropped, problem = "fake", True, 0, None

    def __iter__(self) -> Iterator[Frame]:
        for number in range(2000):
            time.sleep(0.01)
            yield Frame(np.full((60, 80), 120, np.uint8), number / 10, number)

    def close(self) -> None: ...


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("thread", ["delivery", "MQTT"])
def test_a_thread_that_dies_ends_the_run_though_nobody_is_seen(
    classifier: EmotionClassifier, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch, thread: str
) -> None:
    def die(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(*((Delivery, "_step") if thread == "delivery" else (Client, "_connect")), die)
    config = Config(camera="fake", broker=Broker("127.0.0.1", mosquitto.port), device="cam")
    with pytest.raises(DeliveryError, match="the log tells why"):
        Service(config, Empty(), classifier).run()


def test_the_wall_clock_may_jump_while_faces_are_followed(classifier: EmotionClassifier) -> None:
    """From 1970 to now and back to last year: each event bears the time of its moment, and durations do not know."""
    camera, out = Camera(), io.StringIO()
    days = itertools.cycle([0.0, NOON, NOON - 365 * 86400.0])
    config = Config(camera="fake", broker=None, device="cam", print_events=True)
    clock = Clock(wall=lambda: next(days), monotonic=lambda: 5000.0)
    made = camera.service = Service(config, camera, classifier, stdout=out, clock=clock)
    made.run()
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {event["ts"][:4] for event in events} == {"1970", "2023", "2022"}
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert all(0 < event["duration_s"] < 60 for event in events if event["type"] == "end")


class Hurried:
    """Gives a frame every tenth of a second of its own clock, and has two more that nobody had time for."""

    name, problem = "fake", None

    def __init__(self, *, live: bool) -> None:
        self.live, self.dropped, self.now = live, 0, 5000.0

    def __iter__(self) -> Iterator[Frame]:
        for number in range(450):
            self.now, self.dropped = self.now + 0.1, self.dropped + 2
            yield Frame(np.full((60, 80), 120, np.uint8), self.now, number)

    def close(self) -> None: ...


@pytest.mark.parametrize("live", [True, False])
def test_a_camera_that_is_too_fast_is_searched_less_often_and_a_file_is_not(
    classifier: EmotionClassifier, caplog: pytest.LogCaptureFixture, live: bool
) -> None:
    camera = Hurried(live=live)
    config = Config(camera="fake", broker=None, device="cam")
    Service(config, camera, classifier, clock=Clock(monotonic=lambda: camera.now)).run()
    said = [record.message for record in caplog.records if "less often" in record.message]
    assert said == live * [
        "the machine is too slow: 67% of the camera's frames are dropped; it searches and classifies less often until "
        "that is over"
    ]


@pytest.mark.parametrize(
    ("failing", "ends", "told"),
    [({5}, False, [5]), ({5, 6, 7, 20}, False, [5]), ({5, 30}, False, [5, 30]), (set(range(5, 41)), True, [5])],
)
def test_a_frame_that_fails_is_left_out_and_many_end_the_run(
    classifier: EmotionClassifier,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failing: set[int],
    ends: bool,
    told: list[int],
) -> None:
    camera = Camera()
    made, out = service(camera, classifier, Clock())
    camera.service, step = made, made.sensor.pipeline.step

    def stumble(frame: Frame) -> list[Event]:
        if frame.number in failing:
            raise cv2.error("(-215:Assertion failed)")
        return step(frame)

    monkeypatch.setattr(made.sensor.pipeline, "step", stumble)
    if ends:
        with pytest.raises(cv2.error):
            made.run()
    else:
        made.run()
        types = [json.loads(line)["type"] for line in out.getvalue().splitlines()]
        assert types.count("start") == types.count("end") > 0
    assert camera.closed
    said = [record.getMessage() for record in caplog.records if record.exc_info]
    assert said == [f"frame {number} is left out" for number in told]
