"""The daemon with a camera and a clock made up for the test, and in a separate process under systemd."""

from __future__ import annotations

import io
import itertools
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support.clock import NOON, FakeClock
from tests.support.media import WALK
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto
from tests.support.network import free_port
from tests.support.notify_socket import NotifySocket
from tests.support.processes import command, run
from tests.support.waiting import wait_until

from fer_edge.cameras.base import CameraError
from fer_edge.cameras.files import VideoFile
from fer_edge.cameras.frame import Frame
from fer_edge.clock import Clock
from fer_edge.config.broker import Broker
from fer_edge.config.history import HistoryOptions
from fer_edge.config.model import Config
from fer_edge.daemon import POLL_INTERVAL, Daemon
from fer_edge.errors import FerError
from fer_edge.events import Event
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.monitoring.sd_notify import NOTIFY_SOCKET
from fer_edge.mqtt.client import Client
from fer_edge.mqtt.delivery import Delivery, DeliveryError
from fer_edge.run.controls import RunControls
from fer_edge.run.models import Models
from fer_edge.run.observer import RunObserver
from fer_edge.run.status import RunStatus

PRINTING = Config(camera="fake", broker=None, device="cam", print_events=True)


class LiveClip:
    """A live camera that plays the clip, and then is unplugged, or has the run stopped if it has its controls."""

    name, live, dropped, problem = "fake", True, 0, None

    def __init__(self, start: float = 5000.0, frames: int = 41) -> None:
        self.closed = False
        self.controls: RunControls | None = None
        self._start, self._frames = start, frames

    def __iter__(self) -> Iterator[Frame]:
        for frame in VideoFile(WALK):
            if frame.number == self._frames:
                break
            yield Frame(frame.grey, self._start + frame.time, frame.number)
        if not self.controls:
            raise CameraError("camera fake: unplugged")
        self.controls.stop()
        yield Frame(frame.grey, self._start + 60, 41)
        raise AssertionError("no frame may be read after the stop")

    def close(self) -> None:
        self.closed = True


class InterruptedClip(LiveClip):
    """A live camera that plays the clip, is unavailable for a moment, plays it again, and has the run stopped."""

    def __iter__(self) -> Iterator[Frame | None]:  # type: ignore[override]
        assert self.controls
        clip = list(VideoFile(WALK))
        for frame in clip:
            yield Frame(frame.grey, 5000 + frame.time, frame.number)
        yield from [None] * 3
        for frame in clip:
            yield Frame(frame.grey, 5010 + frame.time, frame.number + len(clip))
        self.controls.stop()
        yield None
        raise AssertionError("no frame may be read after the stop")


class EmptyRoom:
    """A source of frames without faces.

    Args:
        clock: Advanced by each frame.
        frames: How many; None for no end.
        fps: How many per second of the clock.
        live: Whether it is a camera.
        dropped_per_frame: How many frames are dropped with each.
    """

    name, problem = "fake", None

    def __init__(
        self, clock: FakeClock, frames: int | None, fps: float, *, live: bool, dropped_per_frame: int = 0
    ) -> None:
        self.live, self.dropped = live, 0
        self._clock, self._frames, self._fps, self._dropped_per_frame = clock, frames, fps, dropped_per_frame

    def __iter__(self) -> Iterator[Frame]:
        for number in itertools.islice(itertools.count(), self._frames):
            self._clock.advance(1 / self._fps)
            self.dropped += self._dropped_per_frame
            yield Frame(np.full((60, 80), 120, np.uint8), self._clock.now, number)

    def close(self) -> None: ...


def printing_daemon(
    camera: LiveClip, classifier: EmotionClassifier, clock: Clock | None = None
) -> tuple[Daemon, io.StringIO]:
    """A daemon that prints its events into a buffer."""
    out = io.StringIO()
    return Daemon(PRINTING, camera, Models(classifier), stdout=out, clock=clock), out


def events_in(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def tracks_with(kind: str, events: list[dict[str, Any]]) -> set[int]:
    """The numbers of the tracks that have an event of this type."""
    return {event["track"] for event in events if event["type"] == kind}


def test_the_time_of_an_event_is_when_its_frame_was_taken(classifier: EmotionClassifier) -> None:
    """Half a second passes between a frame and its event; then the clock is set forward by an hour."""
    camera = LiveClip()
    offsets = iter([0.0] + [3600.0] * 100)
    clock = Clock(wall=lambda: NOON + next(offsets), monotonic=lambda: 5000.5)
    daemon, out = printing_daemon(camera, classifier, clock)
    camera.controls = daemon.controls
    daemon.run()
    stamps = [event["ts"] for event in events_in(out)]
    assert stamps[0].startswith("2023-11-15T11:59:59.")
    assert stamps[1].startswith("2023-11-15T13:00:0")


def test_the_events_of_a_file_are_timed_by_its_frames(classifier: EmotionClassifier) -> None:
    out = io.StringIO()
    clock = FakeClock(0.0, wall_offset=NOON)
    Daemon(PRINTING, VideoFile(WALK), Models(classifier), stdout=out, clock=clock).run()
    events = events_in(out)
    assert events
    for event in events:
        seconds = datetime.fromisoformat(event["ts"]).timestamp() - NOON
        assert seconds == pytest.approx(event["frame"]["number"] / 12.5, abs=0.002)


def test_tracks_end_when_the_camera_is_unavailable_and_new_ones_start_afterwards(
    classifier: EmotionClassifier,
) -> None:
    camera = InterruptedClip()
    daemon, out = printing_daemon(camera, classifier)
    camera.controls = daemon.controls
    daemon.run()
    events = events_in(out)
    before = [event for event in events if event["frame"]["number"] < 41]
    after = [event for event in events if event["frame"]["number"] >= 41]
    assert before
    for part in (before, after):
        assert tracks_with("start", part) == tracks_with("end", part)
    assert not {event["track"] for event in before} & {event["track"] for event in after}


def test_when_the_camera_fails_for_good_tracks_end_and_it_is_closed(classifier: EmotionClassifier) -> None:
    camera = LiveClip(frames=20)
    daemon, out = printing_daemon(camera, classifier)
    with pytest.raises(CameraError, match="unplugged"):
        daemon.run()
    events = events_in(out)
    assert events[-1]["type"] == "end"
    assert tracks_with("start", events) == tracks_with("end", events)
    assert camera.closed


def test_a_stopped_run_ends_after_the_current_frame(classifier: EmotionClassifier) -> None:
    camera = LiveClip()
    daemon, _ = printing_daemon(camera, classifier)
    camera.controls = daemon.controls
    daemon.run()
    assert camera.closed


class StopAfter(RunObserver):
    """Pauses the run at its start, and stops it after so many turns of the loop."""

    def __init__(self, turns: int) -> None:
        self._turns = turns
        self._controls: RunControls | None = None

    def on_start(self, status: RunStatus, controls: RunControls) -> None:
        self._controls = controls
        controls.paused = True

    def poll(self) -> None:
        assert self._controls
        self._turns -= 1
        if not self._turns:
            self._controls.stop()


def test_a_paused_run_closes_the_camera_and_processes_nothing(classifier: EmotionClassifier) -> None:
    camera, clock, out = LiveClip(), FakeClock(), io.StringIO()
    start = clock.now
    Daemon(PRINTING, camera, Models(classifier), stdout=out, clock=clock, observers=[StopAfter(5)]).run()
    assert camera.closed
    assert clock.now - start == pytest.approx(5 * POLL_INTERVAL)
    assert out.getvalue() == ""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("thread", ["delivery", "MQTT"])
def test_a_thread_that_dies_ends_the_run_even_if_there_are_no_events(
    classifier: EmotionClassifier, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch, thread: str
) -> None:
    def die(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(*((Delivery, "_step") if thread == "delivery" else (Client, "_connect")), die)
    config = Config(camera="fake", broker=Broker("127.0.0.1", mosquitto.port), device="cam")
    camera = EmptyRoom(FakeClock(), frames=None, fps=10, live=True)
    with pytest.raises(DeliveryError, match="the delivery of events has failed"):
        Daemon(config, camera, Models(classifier)).run()


def test_the_wall_clock_may_be_set_while_faces_are_tracked(classifier: EmotionClassifier) -> None:
    """From 1970 to now and back to last year: `ts` follows the clock, and durations do not."""
    camera = LiveClip()
    times = itertools.cycle([0.0, NOON, NOON - 365 * 86400.0])
    daemon, out = printing_daemon(camera, classifier, Clock(wall=lambda: next(times), monotonic=lambda: 5000.0))
    camera.controls = daemon.controls
    daemon.run()
    events = events_in(out)
    assert {event["ts"][:4] for event in events} == {"1970", "2023", "2022"}
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert all(0 < event["duration_s"] < 60 for event in events if event["type"] == "end")


@pytest.mark.parametrize("live", [True, False])
def test_a_camera_that_is_too_fast_is_searched_less_often_and_a_file_is_not(
    classifier: EmotionClassifier, caplog: pytest.LogCaptureFixture, live: bool
) -> None:
    clock = FakeClock()
    camera = EmptyRoom(clock, frames=450, fps=10, live=live, dropped_per_frame=2)
    Daemon(Config(camera="fake", broker=None, device="cam"), camera, Models(classifier), clock=clock).run()
    assert [message for message in caplog.messages if "less often" in message] == live * [
        "the machine is too slow: 67% of the camera's frames are dropped; searching and classifying less often until "
        "this is over"
    ]


@pytest.mark.parametrize(
    ("failing", "ends", "logged"),
    [({5}, False, [5]), ({5, 6, 7, 20}, False, [5]), ({5, 30}, False, [5, 30]), (set(range(5, 41)), True, [5])],
)
def test_a_frame_that_fails_is_skipped_and_frequent_failures_end_the_run(
    classifier: EmotionClassifier,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failing: set[int],
    ends: bool,
    logged: list[int],
) -> None:
    camera = LiveClip()
    daemon, out = printing_daemon(camera, classifier)
    camera.controls, step = daemon.controls, daemon.controls.pipeline.step

    def step_or_fail(frame: Frame) -> list[Event]:
        if frame.number in failing:
            raise cv2.error("(-215:Assertion failed)")
        return step(frame)

    monkeypatch.setattr(daemon.controls.pipeline, "step", step_or_fail)
    if ends:
        with pytest.raises(cv2.error):
            daemon.run()
    else:
        daemon.run()
        types = [event["type"] for event in events_in(out)]
        assert types.count("start") == types.count("end") > 0
    assert camera.closed
    tracebacks = [record.getMessage() for record in caplog.records if record.exc_info]
    assert tracebacks == [f"frame {number} is skipped" for number in logged]


def test_a_frame_of_a_file_that_is_skipped_is_an_error_at_the_end(
    classifier: EmotionClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon, out = printing_daemon(VideoFile(WALK), classifier)
    step = daemon.controls.pipeline.step

    def step_or_fail(frame: Frame) -> list[Event]:
        if frame.number == 5:
            raise MemoryError
        return step(frame)

    monkeypatch.setattr(daemon.controls.pipeline, "step", step_or_fail)
    with pytest.raises(FerError, match=rf"^{WALK}: unexpected errors .see the log.; frames skipped: 1$") as caught:
        daemon.run()
    assert caught.value.exit_code == 1
    types = [event["type"] for event in events_in(out)]
    assert types.count("start") == types.count("end") > 0, "the other frames are processed"


class ReportCollector(RunObserver):
    """Keeps every report."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, dict[str, Any]]] = []

    def on_report(self, topic: str, message: dict[str, Any]) -> None:
        self.reports.append((topic, message))


def test_the_time_without_a_camera_is_part_of_a_minute_but_not_observed(classifier: EmotionClassifier) -> None:
    camera, collector = InterruptedClip(), ReportCollector()
    config = replace(PRINTING, history=HistoryOptions(Path("unused.csv"), None))
    clock = FakeClock(5005.0, wall_offset=NOON - 5000 + 2)
    daemon = Daemon(config, camera, Models(classifier), stdout=io.StringIO(), clock=clock, observers=[collector])
    camera.controls = daemon.controls
    daemon.run()
    length = list(VideoFile(WALK))[-1].time
    ((topic, minute),) = collector.reports
    assert (topic, minute["ts"]) == ("minute", "2023-11-15T12:00:00.000Z")
    assert minute["duration_s"] == pytest.approx(10 + length, abs=0.02)
    assert minute["observed_s"] == pytest.approx(2 * length, abs=0.02)
    assert 0 < minute["nobody_s"] < minute["observed_s"]


class FailingObserver(RunObserver):
    """Fails at one point of the run, and records that it was closed."""

    def __init__(self, name: str) -> None:
        self.closed = False
        setattr(self, name, self._fail)

    def _fail(self, *_: object) -> None:
        raise FerError("out of order")

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("point", ["on_frame", "on_event", "poll", "finish"])
def test_an_observer_that_fails_ends_the_run_in_good_order(
    classifier: EmotionClassifier, caplog: pytest.LogCaptureFixture, point: str
) -> None:
    camera, out, observer = LiveClip(), io.StringIO(), FailingObserver(point)
    daemon = Daemon(PRINTING, camera, Models(classifier), stdout=out, observers=[observer])
    camera.controls = daemon.controls
    with pytest.raises(FerError, match=r"^out of order$"):
        daemon.run()
    assert observer.closed
    assert camera.closed
    assert not caplog.records


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[NotifySocket]:
    made = NotifySocket(str(tmp_path / "notify"))
    yield made
    made.socket.close()


def test_a_run_over_a_file_notifies_systemd(tmp_path: Path, systemd: NotifySocket) -> None:
    environment = {NOTIFY_SOCKET: str(tmp_path / "notify")}
    assert run("fer_edge", "--camera", WALK, "--mqtt", "none", env=environment).code == 0
    messages = systemd.received()
    assert messages[:2] == ["READY=1", "WATCHDOG=1"]
    assert messages[-1] == "STOPPING=1"


def test_a_hangup_restarts_the_service_even_if_the_broker_is_unreachable(tmp_path: Path, systemd: NotifySocket) -> None:
    camera = MjpegCamera()
    unreachable = f"mqtt://127.0.0.1:{free_port()}"
    arguments = command("fer_edge", "--camera", camera.url, "--mqtt", unreachable, "--device", "cam")
    process = subprocess.Popen(arguments, env={**os.environ, NOTIFY_SOCKET: str(tmp_path / "notify")})
    wait_until(lambda: "READY=1" in systemd.received(), 30)
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: systemd.received().count("READY=1") == 2, 30)
    assert any(message.startswith("RELOADING=1\n") for message in systemd.received())
    assert "STOPPING=1" not in systemd.received()
    wait_until(lambda: any("broker" in message for message in systemd.received()), 30)
    status = next(message for message in systemd.received() if message.startswith("STATUS="))
    assert "fps; faces: 0; cpu (" in status
    assert f"; events waiting: 0 (broker {unreachable}: " in status
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: sum(message.startswith("RELOADING=1\n") for message in systemd.received()) == 2)
    process.terminate()  # during the restart: the later signal counts
    process.wait(20)
    assert systemd.received().count("READY=1") == 2
    camera.stop()


def test_a_hangup_without_systemd_stops_the_run_in_good_order() -> None:
    camera = MjpegCamera()
    arguments = command("fer_edge", "--camera", camera.url, "--mqtt", "none", "--print")
    # Under nohup the test ignores the signal, and a container of systemd-nspawn sets NOTIFY_SOCKET; both are inherited.
    arguments = ["env", "--default-signal=HUP", "--unset=NOTIFY_SOCKET", *arguments]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE)
    wait_until(lambda: camera.paths, 30)
    process.send_signal(signal.SIGHUP)
    assert process.wait(20) == 0
    camera.stop()
