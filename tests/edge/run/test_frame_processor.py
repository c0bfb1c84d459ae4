"""The pipeline within the limits of the machine. Failing frames are tested with the whole daemon, in test_daemon."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.clock import FakeClock
from tests.support.media import WALK

from fer_edge.cameras.files import VideoFile
from fer_edge.config.model import PipelineOptions
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.monitoring.load_shedding import CHECK_INTERVAL, CHECKS_TO_REDUCE
from fer_edge.run.frame_processor import MAX_FAILURES, RECOVERY, ErrorBudget, open_processor
from fer_edge.run.models import Models


class DroppingCamera:
    """A live camera of which most frames are dropped."""

    name, live, problem = "fake", True, None
    dropped = 0


def test_a_slowdown_keeps_what_was_set_meanwhile(classifier: EmotionClassifier) -> None:
    clock, camera = FakeClock(), DroppingCamera()
    processor = open_processor(camera, Models(classifier), PipelineOptions(), clock)  # type: ignore[arg-type]
    processor.pipeline.adjust(replace(processor.pipeline.options, rate=3.0, min_score=0.5))
    for _ in range(CHECKS_TO_REDUCE + 1):
        camera.dropped += 100
        clock.advance(CHECK_INTERVAL)
        processor.step(None)
    assert processor.load_shedder.degraded == "slow"
    assert processor.pipeline.options == PipelineOptions(rate=3.0, min_score=0.5, slowdown=2)


def test_frames_are_counted_and_timed_and_a_missing_frame_ends_the_tracks(classifier: EmotionClassifier) -> None:
    source = VideoFile(WALK)
    processor = open_processor(source, Models(classifier), PipelineOptions(), FakeClock())
    frames = list(source)
    events = [event for frame in frames for event in processor.step(frame)]
    assert processor.timer.frames == len(frames)
    assert len(processor.timer.durations(0)["step"]) == len(frames)
    events += processor.step(None)
    types = [event.type for event in events]
    assert types.count("start") == types.count("end") > 0
    assert processor.step(None) == []


def fail(budget: ErrorBudget, number: int) -> None:
    try:
        raise KeyError
    except KeyError:
        budget.record_failure(number)


def test_a_tenth_of_the_frames_may_fail_for_ever() -> None:
    budget = ErrorBudget()
    for number in range(1000):
        fail(budget, number)
        for _ in range(round(1 / RECOVERY)):
            budget.record_success()
        assert not budget.exhausted


def test_failures_in_a_row_exhaust_the_budget_and_only_the_first_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    budget = ErrorBudget()
    for number in range(MAX_FAILURES):
        assert not budget.exhausted
        fail(budget, number)
    assert budget.exhausted
    assert caplog.messages == ["frame 0 is skipped"]
