"""The tracker with faces that the face network checks; the rest of it is in `test_tracker`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.tracking import HAPPY, LEFT, SIZE, STEP, kinds

from fer_edge.detection.base import MAX_YAW, Detection
from fer_edge.tracking.classification import ClassificationRequest
from fer_edge.tracking.tracker import Change, Tracker


def check(tracker: Tracker, detection: Detection, time: float) -> tuple[list[Change], int]:
    """One frame with this detection of LEFT: the changes, and how many faces were classified."""
    counts: list[int] = []

    def classify(requests: Sequence[ClassificationRequest]) -> list[NDArray[np.float32]]:
        counts.append(len(requests))
        return [HAPPY for _ in requests]

    return tracker.step(time, SIZE, lambda _: [detection], classify), sum(counts)


def approval(score: float = 0.9, yaw: float = 0.0) -> Detection:
    return Detection(LEFT, angle=0.0, yaw=yaw, score=score)


DOUBTFUL = approval(0.58)
DENIAL = Detection(LEFT, verified=False, score=0.0)


def confirmed() -> Tracker:
    """A tracker with one confirmed face at LEFT, last approved at 0.4 seconds."""
    tracker = Tracker()
    changes = [change for number in range(5) for change in check(tracker, approval(), number * STEP)[0]]
    assert kinds(changes) == [("start", 1)]
    return tracker


def test_a_doubtful_face_is_neither_reported_nor_classified() -> None:
    tracker = Tracker()
    assert [check(tracker, DOUBTFUL, number * STEP) for number in range(50)] == [([], 0)] * 50
    assert tracker.faces == ()
    assert tracker.finish() == []


def test_a_doubtful_face_is_confirmed_once_later_checks_are_certain_enough() -> None:
    tracker = Tracker()
    assert [check(tracker, DOUBTFUL, number * STEP) for number in range(4)] == [([], 0)] * 4
    results = [check(tracker, approval(1.0), number * STEP) for number in range(4, 14)]
    assert kinds([change for changes, _ in results for change in changes]) == [("start", 1)]
    confirmed_at = next(number for number, (changes, _) in enumerate(results) if changes)
    assert next(number for number, (_, classified) in enumerate(results) if classified) == confirmed_at


def test_a_confirmed_face_keeps_its_track_though_its_score_falls() -> None:
    tracker = confirmed()
    changes = [change for number in range(5, 50) for change in check(tracker, approval(0.4), number * STEP)[0]]
    assert changes == []
    assert len(tracker.faces) == 1


def test_the_last_allowed_denial_ends_a_track_at_once_with_one_event() -> None:
    tracker = confirmed()
    assert check(tracker, DENIAL, 0.9)[0] == []
    assert len(tracker.faces) == 1
    assert kinds(check(tracker, DENIAL, 1.3)[0]) == [("end", 1)]
    assert tracker.faces == ()
    assert [check(tracker, DENIAL, 1.4 + number * STEP) for number in range(20)] == [([], 0)] * 20
    assert tracker.finish() == []


def test_a_track_that_was_denied_lasted_to_its_last_approval() -> None:
    tracker = confirmed()
    changes = [change for number in range(5) for change in check(tracker, DENIAL, 0.9 + number * STEP)[0]]
    assert [change.face.duration for change in changes] == [pytest.approx(0.4)]


def test_denials_in_quick_succession_do_not_end_a_track() -> None:
    tracker = confirmed()
    assert [check(tracker, DENIAL, 0.5 + number / 30)[0] for number in range(8)] == [[]] * 8
    assert check(tracker, approval(), 0.8)[0] == []
    assert [check(tracker, DENIAL, 0.9 + number / 30)[0] for number in range(8)] == [[]] * 8
    assert len(tracker.faces) == 1


def test_an_unconfirmed_track_that_is_denied_ends_without_an_event() -> None:
    tracker = Tracker()
    check(tracker, approval(), 0.0)
    changes = [change for number in range(1, 20) for change in check(tracker, DENIAL, number * STEP)[0]]
    assert changes == []
    assert tracker.finish() == []


def test_a_face_that_is_turned_away_keeps_its_track_and_is_not_classified() -> None:
    tracker = confirmed()
    away = approval(yaw=MAX_YAW + 5)
    assert [check(tracker, away, 0.5 + number * STEP) for number in range(30)] == [([], 0)] * 30
    assert [face.number for face in tracker.faces] == [1]
    assert check(tracker, approval(), 3.5)[1] == 1


def test_a_face_that_is_turned_away_starts_when_it_turns_back() -> None:
    tracker, away = Tracker(), approval(yaw=-MAX_YAW - 5)
    assert [check(tracker, away, number * STEP) for number in range(30)] == [([], 0)] * 30
    assert kinds(check(tracker, approval(), 3.0)[0]) == [("start", 1)]
