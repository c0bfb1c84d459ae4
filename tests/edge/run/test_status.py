"""The description of a run, for MQTT, the live page and systemd."""

from __future__ import annotations

import pytest
from tests.support.clock import FakeClock
from tests.support.media import WALK

from fer_edge.cameras.browser import BrowserCamera
from fer_edge.cameras.files import VideoFile
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.reconnecting import NO_FRAME_YET
from fer_edge.config.model import Config, PipelineOptions
from fer_edge.config.moods import MoodRule
from fer_edge.detection.base import Detectors
from fer_edge.errors import Problem
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.run.controls import RunControls
from fer_edge.run.frame_processor import FrameProcessor, open_processor
from fer_edge.run.models import Models
from fer_edge.run.status import RunStatus, describe_run
from fer_edge.zones import Zone


class Camera:
    """A camera that works until a test gives it a problem."""

    name, live, dropped = "fake", True, 0
    problem: Problem | None = None


class Queue:
    """An outbox in which three events wait, and two were lost."""

    lost = 2

    def __len__(self) -> int:
        return 3


class SoundQueue(Queue):
    """An outbox in which no event was lost."""

    lost = 0


class Broker:
    """A broker that is unreachable until a test connects it."""

    address, problem, refused, stalls = "mqtt://broker", "no MQTT answer", 1, 4
    connected = False


class Run:
    """A run over the clip, without a loop."""

    def __init__(self, classifier: EmotionClassifier, broker: Broker | None) -> None:
        self.camera, self.broker = Camera(), broker
        self.processor: FrameProcessor = open_processor(self.camera, Models(classifier), PipelineOptions(), FakeClock())  # type: ignore[arg-type]
        self.controls = RunControls(self.processor.pipeline)
        info = describe_run(self.camera, Models(classifier))  # type: ignore[arg-type]
        self.status = RunStatus("cam", info, self.camera, self.processor, self.controls, Queue(), broker)  # type: ignore[arg-type]

    def play(self) -> None:
        for frame in VideoFile(WALK):
            self.processor.step(Frame(frame.grey, frame.time, frame.number))


@pytest.fixture
def run(classifier: EmotionClassifier) -> Run:
    return Run(classifier, Broker())


def test_the_state_has_the_dominant_face(run: Run) -> None:
    unknown = dict.fromkeys(("emotion", "score", "scores", "valence", "arousal"))
    assert run.status.state().items() > {"faces": 0, **unknown, "observing": True, "paused": False}.items()
    for frame in VideoFile(WALK):
        run.processor.step(Frame(frame.grey, frame.time, frame.number))
        if (state := run.status.state())["faces"]:
            break
    assert state["emotion"] in {None, *run.status.labels}
    assert -1 <= state["valence"] <= 1
    assert 0 < state["score"] <= 1
    assert round(state["score"], 2) == state["score"] <= max(state["scores"].values())
    assert tuple(state["scores"]) == tuple(run.status.labels)
    run.controls.paused = True
    assert (run.status.state()["paused"], run.status.state()["observing"]) == (True, False)


def test_the_state_has_what_needs_attention_and_a_pause_does_not(run: Run) -> None:
    assert run.status.problem == "the broker refuses events: check its access rules; events were lost"
    run.processor.load_shedder.degraded = "hot"
    run.camera.problem = Problem("unplugged")
    assert "; camera: unplugged; the machine is hot; faces are" in f"; {run.status.state()['problem']}"
    assert run.status.state()["observing"] is False
    run.camera.problem = NO_FRAME_YET
    assert "no frame" not in run.status.state()["problem"], "it starts"
    run.camera.problem = Problem("unplugged")
    run.controls.paused = True
    assert "unplugged" not in run.status.state()["problem"]


def test_a_sound_run_has_no_problem_and_a_fallback_is_one(run: Run, classifier: EmotionClassifier) -> None:
    events = SoundQueue()
    info = describe_run(run.camera, Models(classifier, warnings=("runs on the CPU: no Edge TPU",)))  # type: ignore[arg-type]
    for described, problem in ((run.status.info, None), (info, "runs on the CPU: no Edge TPU")):
        status = RunStatus("cam", described, run.camera, run.processor, run.controls, events, None)  # type: ignore[arg-type]
        assert status.state()["problem"] == problem


def test_a_camera_has_a_problem_when_it_fails_or_the_run_is_paused(run: Run) -> None:
    assert run.status.camera_problem is None
    run.camera.problem = Problem("unplugged")
    assert run.status.camera_problem == "unplugged"
    run.controls.paused = True
    assert (run.status.camera_problem, run.status.open_health().message()["camera"]) == ("paused", "paused")


def test_health_counts_events_and_each_reader_has_rates_of_its_own(run: Run) -> None:
    often, seldom = run.status.open_health(), run.status.open_health()
    message = often.message()
    assert (message["queue"], message["lost"], message["refused"], message["stalls"]) == (3, 2, 1, 4)
    run.play()
    run.status.clock.sleep(4)
    assert often.message()["fps"] == pytest.approx(run.processor.timer.frames / 4)
    assert seldom.message()["fps"] == pytest.approx(run.processor.timer.frames / 4)


def test_the_broker_is_described_with_its_problem(run: Run, classifier: EmotionClassifier) -> None:
    assert run.status.broker == {"address": "mqtt://broker", "connected": False, "trouble": "no MQTT answer"}
    assert run.broker
    run.broker.connected = True
    assert run.status.broker == {"address": "mqtt://broker", "connected": True, "trouble": ""}
    assert Run(classifier, None).status.broker is None


def test_the_summary_is_one_line_with_what_is_wrong(run: Run) -> None:
    accelerator = run.status.info["accelerator"]
    assert run.status.summary(9.6) == (f"10 fps; faces: 0; {accelerator}; events waiting: 3 (broker no MQTT answer)")
    assert run.broker
    run.broker.connected = True
    run.processor.load_shedder.degraded = "hot"
    assert run.status.summary(4.0) == f"4 fps (hot); faces: 0; {accelerator}; events waiting: 3"
    run.camera.problem = Problem("unplugged")
    assert run.status.summary(0.0).startswith("camera unplugged (hot); ")


def test_the_info_message_names_the_model_and_the_detector(
    run: Run, classifier: EmotionClassifier, detectors: Detectors
) -> None:
    info = describe_run(run.camera, Models(classifier))  # type: ignore[arg-type]
    assert info["model"] == {"name": "base", "sha256": classifier.model.sha256}
    assert info["detector"] == "haar"
    assert describe_run(run.camera, Models(classifier, detectors))["detector"] == "haar+network"  # type: ignore[arg-type]
    assert not {"zones", "moods", "snapshots", "warnings"} & info.keys()


def test_the_info_message_names_zones_and_moods_and_whether_pictures_are_allowed(
    run: Run, classifier: EmotionClassifier
) -> None:
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    options = PipelineOptions(zones=(Zone("sofa", corners), Zone("television", corners, ignored=True)))
    moods = (MoodRule("cheerful", "happy", 5),)
    config = Config(camera="fake", broker=None, moods=moods, allow_snapshots=True)
    info = describe_run(run.camera, Models(classifier), config)  # type: ignore[arg-type]
    assert (info["moods"], info["snapshots"]) == (["cheerful"], True)
    assert "zones" not in run.status.info
    run.processor.pipeline.adjust(options)
    assert run.status.info["zones"] == ["sofa"]
    run.processor.pipeline.adjust(PipelineOptions())
    assert "zones" not in run.status.info


def test_only_a_browser_camera_is_a_browser(run: Run, classifier: EmotionClassifier) -> None:
    assert run.status.browser is None
    camera = BrowserCamera()
    info = describe_run(camera, Models(classifier))
    status = RunStatus("cam", info, camera, run.processor, run.controls, Queue(), None)
    assert status.browser is camera
    assert status.info["camera"] == "browser"
