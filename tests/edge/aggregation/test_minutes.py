"""What is counted for each minute, and when a minute ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.clock import NOON
from tests.support.tracking import HAPPY, LEFT

from fer_edge.aggregation.minutes import Minute, MinuteCounter
from fer_edge.tracking.track import TrackedFace

LABELS = ("happy", "sad")
FPS = 10


def face(emotion: int | None, zone: str | None = None, number: int = 1) -> TrackedFace:
    return TrackedFace(number, LEFT, emotion, HAPPY, zone=zone)


class Camera:
    """Feeds frames at a steady rate into a counter; starts 20 seconds before noon."""

    def __init__(self, *zones: str) -> None:
        self.zones = zones
        self.counter = MinuteCounter(LABELS, lambda: self.zones)
        self.time, self.wall_offset = 500.0, NOON - 520.0
        self.minutes: list[dict[str, Any]] = []

    def deliver(self, seconds: float, *faces: TrackedFace) -> None:
        for _ in range(round(seconds * FPS)):
            self._update(faces)
            self.time += 1 / FPS

    def fail(self, seconds: float) -> None:
        for _ in range(round(seconds * 2)):
            self._update(None)
            self.time += 0.5

    def end(self) -> list[dict[str, Any]]:
        self._keep(self.counter.finish())
        return self.minutes

    def _update(self, faces: tuple[TrackedFace, ...] | None) -> None:
        self._keep(self.counter.update(self.time, self.time + self.wall_offset, faces))

    def _keep(self, minute: Minute | None) -> None:
        if minute:
            self.minutes.append({"start": round(minute.number * 60 - NOON), **minute.as_dict()})


def approximately(**seconds: float) -> dict[str, Any]:
    return {name: pytest.approx(value, abs=0.11) for name, value in seconds.items()}  # one frame


def test_a_minute_has_the_seconds_of_each_emotion_of_nobody_and_of_all_faces_together() -> None:
    camera = Camera()
    camera.deliver(20)
    camera.deliver(10, face(0))
    camera.deliver(20, face(0), face(0), face(1))
    camera.deliver(5, face(None))
    camera.deliver(30)
    first, second, last = camera.end()
    assert first == {
        "start": -60,
        **approximately(duration_s=20, observed_s=20, nobody_s=20, unsure_s=0, face_s=0),
        "emotions_s": {"happy": 0, "sad": 0},
        "most_faces": 0,
    }
    assert second == {
        "start": 0,
        "duration_s": 60,
        "observed_s": 60,
        **approximately(nobody_s=25, unsure_s=5, face_s=75),
        "emotions_s": approximately(happy=30, sad=20),
        "most_faces": 3,
    }
    assert (last["start"], last["duration_s"]) == (60, pytest.approx(4.9))


def test_a_lost_or_paused_camera_is_not_observed_rather_than_nobody() -> None:
    camera = Camera()
    camera.deliver(20)
    camera.deliver(10, face(0))
    camera.fail(150)
    camera.deliver(20.1, face(1))
    _, lost, missing, back = camera.end()
    assert lost["observed_s"] == pytest.approx(10, abs=0.11)
    assert (lost["duration_s"], lost["nobody_s"], lost["emotions_s"]["happy"]) == (60, 0, lost["observed_s"])
    assert (missing["start"], missing["duration_s"], missing["observed_s"], missing["nobody_s"]) == (60, 60, 0, 0)
    assert (back["observed_s"], back["nobody_s"]) == (pytest.approx(20, abs=0.6), 0)


def test_zones_that_change_do_so_with_the_next_minute() -> None:
    camera = Camera("door")
    camera.deliver(10, face(0, "door"))
    camera.zones = ("sofa",)
    camera.deliver(10, face(0, "sofa"))
    camera.deliver(10, face(0, "sofa"))
    first, second = camera.end()
    assert first["zones"]["door"]["emotions_s"] == approximately(happy=10, sad=0)
    assert (list(first["zones"]), list(second["zones"])) == (["door"], ["sofa"])
    assert second["zones"]["sofa"]["emotions_s"] == approximately(happy=10, sad=0)


def test_frames_too_far_apart_are_not_observed_but_their_minute_is_covered() -> None:
    counter = MinuteCounter(LABELS)
    for time in (0, 1, 3, 6, 7):
        assert counter.update(time, NOON + time, [face(0)]) is None
    minute = counter.finish()
    assert minute
    assert (minute.as_dict()["duration_s"], minute.as_dict()["observed_s"]) == (7, 4)


def test_faces_are_counted_by_zone_too() -> None:
    camera = Camera("sofa", "door")
    camera.deliver(10, face(0, "sofa"), face(None), face(1, "sofa", 3))
    camera.deliver(5.1, face(0))
    (minute,) = camera.end()
    assert minute["most_faces"] == 3
    assert minute["zones"]["sofa"] == {
        **approximately(nobody_s=5, unsure_s=0, face_s=20),
        "emotions_s": approximately(happy=10, sad=10),
        "most_faces": 2,
    }
    assert minute["zones"]["door"]["nobody_s"] == minute["observed_s"]


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 1e9, 30.0])
def test_setting_the_wall_clock_ends_the_minute_and_changes_no_duration(jump: float) -> None:
    camera = Camera()
    camera.deliver(25, face(0))
    camera.wall_offset += jump
    camera.deliver(20.1, face(0))
    minutes = camera.end()
    assert 2 <= len(minutes) <= 4
    assert sum(minute["observed_s"] for minute in minutes) == pytest.approx(45)


def test_a_frame_captured_before_the_camera_was_reported_lost_does_not_return_to_the_last_minute() -> None:
    counter = MinuteCounter(LABELS)
    counter.update(0.0, NOON + 59.0, [])
    assert counter.update(1.01, NOON + 60.01, None)
    assert counter.update(0.99, NOON + 59.99, []) is None
    assert counter.update(1.99, NOON + 60.99, []) is None


def test_a_run_without_any_time_has_no_minute() -> None:
    counter = MinuteCounter(LABELS)
    assert counter.finish() is None
    counter.update(3.0, NOON, [face(0)])
    assert counter.finish() is None


STEPS = st.tuples(
    st.floats(0, 90),
    st.floats(-100, 100) | st.just(0.0),
    st.none() | st.lists(st.sampled_from([0, 1, None]), max_size=3),
)


@given(st.lists(STEPS, max_size=40))
@settings(max_examples=100, deadline=None)
def test_the_seconds_of_a_minute_always_add_up(steps: list[tuple[float, float, list[int | None] | None]]) -> None:
    counter, time, wall = MinuteCounter(LABELS), 0.0, NOON
    minutes: list[Minute | None] = []
    for interval, jump, emotions in steps:
        time, wall = time + interval, wall + interval + jump
        faces = None if emotions is None else [face(emotion) for emotion in emotions]
        minutes.append(counter.update(time, wall, faces))
    minutes.append(counter.finish())
    for minute in filter(None, minutes):
        counts = minute.as_dict()
        assert 0 <= counts["observed_s"] <= counts["duration_s"] <= 60
        parts = [counts["nobody_s"], counts["unsure_s"], *counts["emotions_s"].values()]
        assert max(parts) <= counts["observed_s"] <= sum(parts) + 0.05
        assert counts["face_s"] <= counts["most_faces"] * counts["observed_s"] + 0.05
        assert np.isfinite(parts).all()
