from __future__ import annotations

import numpy as np

from fer_edge.detection.base import Detection
from fer_edge.geometry import Box
from fer_edge.tracking.track import Track

BOX = Box(10, 20, 50, 50)
PATCH = np.zeros((24, 24), np.uint8)


def test_a_new_track_is_verified_once_and_not_confirmed() -> None:
    prediction = Track(Detection(BOX, PATCH), 1.0).predict(1.1)
    assert (prediction.expected, prediction.last) == (BOX, BOX)
    assert (prediction.confirmed, prediction.verified, prediction.verifications) == (False, True, 1)
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
    track.emotions.start()
    before = track.snapshot(0.0)
    track.update(Detection(BOX.translated(9, 0)), 1.0)
    track.emotions.update(np.array([1.0, 0.0], np.float32), 1.0, smoothing=0.4)
    after = track.snapshot(1.0)
    assert (before.number, before.box, before.emotion, round(before.score, 3), before.duration) == (3, BOX, 1, 0.8, 0.0)
    assert (after.box, after.duration) == (BOX.translated(9, 0), 1.0)
    assert after.score < 0.8
