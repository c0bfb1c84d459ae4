from __future__ import annotations

import pytest

from fer_edge.geometry import Box
from fer_edge.tracking.motion import Motion

START = Box(10, 20, 50, 50)


def moving(step: float, speed: float, duration: float = 2.0) -> Motion:
    """A box that moves to the right at a speed, pixels per second, detected every `step` seconds."""
    motion = Motion(START, 0.0)
    for number in range(1, round(duration / step) + 1):
        motion = motion.updated(START.translated(speed * number * step, 0), number * step)
    return motion


def test_a_box_that_was_detected_once_is_expected_where_it_was() -> None:
    assert Motion(START, 0.0).at(5.0) == START


@pytest.mark.parametrize("step", [0.02, 0.1, 0.25])
def test_the_velocity_is_in_seconds_at_any_frame_rate(step: float) -> None:
    motion = moving(step, speed=100.0)
    assert motion.velocity == pytest.approx((100.0, 0.0), abs=5.0)
    assert motion.at(2.5).x == pytest.approx(10 + 250, abs=4)


def test_a_single_jump_changes_the_velocity_by_a_part_only() -> None:
    motion = Motion(START, 0.0).updated(START.translated(30, 0), 0.1)
    assert 0 < motion.velocity[0] < 300


def test_a_second_detection_at_the_same_time_replaces_the_box_and_keeps_the_velocity() -> None:
    motion = moving(0.1, speed=100.0)
    again = motion.updated(START, motion.time)
    assert again.box == START
    assert again.velocity == motion.velocity
