from __future__ import annotations

import numpy as np
import pytest
from tests.support.clock import FakeClock

from fer_edge.cameras.cures import CHECK_CABLE
from fer_edge.cameras.frame_monitor import DarknessMonitor, FrameMonitor

IMAGE = np.random.default_rng(0).integers(60, 200, (60, 80), np.uint8)
UNIFORM = np.full((60, 80), 128, np.uint8)
NIGHT = np.random.default_rng(0).integers(10, 20, (60, 80), np.uint8)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_a_defective_image_is_rejected_counted_and_only_a_problem_when_no_good_one_follows(clock: FakeClock) -> None:
    monitor = FrameMonitor(clock.monotonic)
    assert not monitor.accept(UNIFORM)
    assert (monitor.defective, monitor.problem, monitor.needs_restart) == (1, None, False)
    clock.advance(1.9)
    assert monitor.accept(IMAGE)
    clock.advance(1.9)
    assert monitor.problem is None


def test_defective_images_for_two_seconds_call_for_a_restart(clock: FakeClock) -> None:
    monitor = FrameMonitor(clock.monotonic)
    monitor.accept(UNIFORM)
    clock.advance(2)
    assert monitor.problem
    assert (monitor.problem.text, monitor.problem.cure) == ("the image is uniformly grey", CHECK_CABLE)
    assert monitor.needs_restart
    monitor.restart()
    assert monitor.problem is None
    clock.advance(2)
    assert str(monitor.problem) == "no frame for 2 seconds"


def test_silence_is_a_problem_after_two_seconds_and_calls_for_a_restart_after_fifteen(clock: FakeClock) -> None:
    monitor = FrameMonitor(clock.monotonic)
    clock.advance(1.9)
    assert monitor.problem is None
    clock.advance(0.1)
    assert str(monitor.problem) == "no frame for 2 seconds"
    clock.advance(12.9)
    assert not monitor.needs_restart
    clock.advance(0.1)
    assert monitor.needs_restart


def test_darkness_is_reported_once_after_half_a_minute(clock: FakeClock) -> None:
    monitor = DarknessMonitor(clock.monotonic)
    reports = []
    for _ in range(100):
        reports.append(monitor.begins(NIGHT))
        clock.advance(1)
    assert [second for second, reported in enumerate(reports) if reported] == [30]


def test_light_in_between_begins_the_half_minute_anew(clock: FakeClock) -> None:
    monitor = DarknessMonitor(clock.monotonic)
    clock.advance(29)
    assert not monitor.begins(NIGHT)
    assert not monitor.begins(IMAGE)
    clock.advance(29)
    assert not monitor.begins(NIGHT)
    clock.advance(1)
    assert monitor.begins(NIGHT)
