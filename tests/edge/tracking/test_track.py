from __future__ import annotations

import numpy as np
import pytest

from fer_edge.detection.base import MAX_YAW, Detection
from fer_edge.geometry import Box
from fer_edge.tracking.track import Track

BOX = Box(10, 20, 50, 50)
PATCH = np.zeros((24, 24), np.uint8)


def test_a_new_track_is_verified_once_and_not_settled() -> None:
    prediction = Track(Detection(BOX, PATCH), 1.0).predict(1.1)
    assert (prediction.expected, prediction.last) == (BOX, BOX)
    assert (prediction.settled, prediction.verified, prediction.verifications) == (False, True, 1)
    assert prediction.patch is PATCH
    assert prediction.patch_is_latest


def test_a_prediction_follows_the_motion_of_the_face() -> None:
    track = Track(Detection(BOX), 0.0)
    for number in range(1, 11):
        track.update(Detection(BOX.translated(10 * number, 0)), number / 10)
    prediction = track.predict(1.1)
    assert prediction.last == BOX.translated(100, 0)
    assert prediction.expected.x > prediction.last.x + 5


def test_a_detection_without_a_patch_keeps_the_older_one() -> None:
    track = Track(Detection(BOX, PATCH), 0.0)
    track.update(Detection(BOX), 0.25)
    prediction = track.predict(0.5)
    assert prediction.patch is PATCH
    assert prediction.patch_age == 0.5
    assert not prediction.patch_is_latest


def test_an_unverified_detection_moves_the_track_and_does_not_verify_it() -> None:
    track, moved = Track(Detection(BOX), 0.0), BOX.translated(5, 0)
    track.update(Detection(moved, verified=False), 0.5)
    prediction = track.predict(0.5)
    assert prediction.last == moved
    assert (prediction.verified, prediction.verifications, track.verified_at) == (False, 1, 0.0)


def test_a_snapshot_does_not_change_with_the_track() -> None:
    track = Track(Detection(BOX), 0.0)
    track.number = 3
    track.emotions.update(np.array([0.2, 0.8], np.float32), 0.0, smoothing=0.4)
    track.emotions.start(lambda _: 0.0)
    before = track.snapshot(0.0)
    track.update(Detection(BOX.translated(9, 0)), 1.0)
    track.emotions.update(np.array([1.0, 0.0], np.float32), 1.0, smoothing=0.4)
    after = track.snapshot(1.0)
    assert (before.number, before.box, before.emotion, round(before.score, 3), before.duration) == (3, BOX, 1, 0.8, 0.0)
    assert (after.box, after.duration) == (BOX.translated(9, 0), 1.0)
    assert after.score < 0.8


# --- checks by the face network


def approval(score: float = 0.9, angle: float = 0.0, yaw: float = 0.0, box: Box = BOX) -> Detection:
    """A detection by the face network."""
    return Detection(box, PATCH, angle=angle, yaw=yaw, score=score)


def denial(box: Box = BOX) -> Detection:
    """What the face network returns where it detects no face."""
    return Detection(box, verified=False, score=0.0)


def test_a_confirmed_track_is_settled() -> None:
    track = Track(Detection(BOX), 0.0)
    assert not track.settled
    track.number = 1
    assert track.settled


def test_a_track_is_settled_once_its_checks_are_enough_to_call_it_a_face() -> None:
    track, settled = Track(approval(0.9), 0.0), []
    for number in range(1, 6):
        settled.append(track.settled)
        track.update(approval(0.9), number / 10)
    assert settled == [False, False, True, True, True]


def test_a_track_that_was_never_checked_is_settled_only_when_it_is_confirmed() -> None:
    track = Track(Detection(BOX), 0.0)
    for number in range(1, 50):
        track.update(Detection(BOX), number / 10)
    assert not track.settled


def test_of_denials_only_one_in_each_interval_counts() -> None:
    track, counts = Track(approval(), 0.0), []
    for number in range(1, 8):
        track.update(denial(), number / 10, denial_interval=0.25)
        counts.append(track.denials)
    assert counts == [1, 1, 1, 2, 2, 2, 3]


def test_an_approval_resets_the_denials_and_their_interval() -> None:
    track = Track(approval(), 0.0)
    track.update(denial(), 0.1, denial_interval=0.3)
    track.update(approval(), 0.2, denial_interval=0.3)
    assert track.denials == 0
    track.update(denial(), 0.3, denial_interval=0.3)
    assert track.denials == 1


def test_a_detection_by_the_cascade_does_not_reset_the_denials() -> None:
    track = Track(approval(), 0.0)
    track.update(denial(), 0.1)
    track.update(Detection(BOX), 0.2)
    assert track.denials == 1


def test_a_denial_neither_moves_nor_verifies_the_track() -> None:
    track = Track(approval(0.8, angle=5.0, yaw=7.0), 0.0)
    track.update(denial(BOX.translated(8, 0)), 0.5)
    prediction = track.predict(0.5)
    assert prediction.last == BOX
    assert (prediction.verified, prediction.verifications, track.verified_at) == (False, 1, 0.0)
    assert (track.angle, track.yaw) == (5.0, 7.0)


def test_angle_and_yaw_are_those_of_the_last_check() -> None:
    track = Track(approval(angle=-12.0, yaw=3.0), 0.0)
    assert (track.angle, track.yaw) == (-12.0, 3.0)
    track.update(Detection(BOX), 0.1)
    assert (track.angle, track.yaw) == (-12.0, 3.0)
    track.update(approval(angle=30.0, yaw=-20.0), 0.2)
    assert (track.angle, track.yaw) == (30.0, -20.0)
    assert (track.predict(0.2).angle, track.snapshot(0.2).angle) == (30.0, 30.0)


def test_a_prediction_contains_the_age_of_the_last_check_and_whether_it_denied_the_face() -> None:
    track = Track(approval(), 0.0)
    track.update(Detection(BOX), 0.2)
    prediction = track.predict(0.5)
    assert (prediction.check_age, prediction.denied) == (0.5, False)
    track.update(denial(), 0.5)
    prediction = track.predict(0.75)
    assert (prediction.check_age, prediction.denied) == (0.25, True)
    track.update(approval(), 0.75)
    prediction = track.predict(1.0)
    assert (prediction.check_age, prediction.denied) == (0.25, False)


@pytest.mark.parametrize("side", [1, -1])
def test_only_a_reported_face_is_predicted_to_be_turned_away(side: int) -> None:
    track = Track(approval(yaw=side * (MAX_YAW + 1)), 0.0)
    assert not track.predict(0.1).turned_away
    track.number = 1
    assert track.predict(0.1).turned_away
    track.update(approval(yaw=side * (MAX_YAW - 1)), 0.1)
    assert not track.predict(0.2).turned_away


def test_a_denial_that_does_not_count_does_not_postpone_the_next_check() -> None:
    track = Track(approval(), 0.0)
    track.update(denial(), 0.5, denial_interval=0.3)
    track.update(denial(), 0.6, denial_interval=0.3)
    assert track.predict(0.75).check_age == 0.25


def test_without_the_face_network_no_check_is_ever_due() -> None:
    track = Track(Detection(BOX), 0.0)
    assert track.predict(100.0).check_age == 0


def test_the_bounds_of_a_face_that_is_not_detected_reach_from_its_last_place_to_the_expected_one() -> None:
    track = Track(Detection(BOX), 0.0)
    for number in range(1, 11):
        track.update(Detection(BOX.translated(10 * number, 0)), number / 10)
    last, bounds = BOX.translated(100, 0), track.bounds(1.3)
    assert bounds.intersection(last) == last.area
    assert bounds.x + bounds.w > last.x + last.w + 15
