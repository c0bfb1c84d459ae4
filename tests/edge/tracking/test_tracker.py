from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.tracking import HAPPY, LEFT, SIZE, STEP, kinds

from fer_edge.config.model import PipelineOptions
from fer_edge.detection.base import Detection, Prediction
from fer_edge.geometry import Box
from fer_edge.tracking.classification import ClassificationRequest
from fer_edge.tracking.tracker import Change, Tracker, TrackRules

SAD = np.array([0.1, 0.9], np.float32)
UNSURE = np.array([0.45, 0.55], np.float32)
RIGHT = Box(200, 10, 50, 50)

Faces = list[tuple[Box, NDArray[np.float32]]]


def step(tracker: Tracker, faces: Faces, time: float) -> list[Change]:
    """One frame in which these faces are detected; their probabilities are those given."""
    probabilities = dict(faces)
    return tracker.step(
        time,
        SIZE,
        lambda _: [Detection(box) for box, _ in faces],
        lambda requests: [probabilities[request.box] for request in requests],
    )


def play(tracker: Tracker, frames: Sequence[Faces], start: float = 0.0) -> list[Change]:
    """The changes over frames that are a tenth of a second apart."""
    return [change for number, faces in enumerate(frames) for change in step(tracker, faces, start + number * STEP)]


# --- start


def test_a_track_starts_after_enough_verified_detections() -> None:
    tracker = Tracker(rules=TrackRules(min_verifications=3))
    assert play(tracker, [[(LEFT, HAPPY)]] * 2) == []
    assert kinds(play(tracker, [[(LEFT, HAPPY)]], start=0.2)) == [("start", 1)]


def test_a_detection_in_one_frame_only_starts_no_track() -> None:
    assert play(Tracker(), [[(LEFT, HAPPY)], [], [(RIGHT, HAPPY)], [], [], []] * 5) == []


def test_an_unverified_detection_starts_no_track() -> None:
    tracker = Tracker()
    for number in range(5):
        changes = tracker.step(
            number * STEP, SIZE, lambda _: [Detection(LEFT, verified=False)], lambda requests: [HAPPY for _ in requests]
        )
        assert changes == []
    assert tracker.finish() == []


def test_a_track_does_not_start_before_it_was_classified() -> None:
    tracker = Tracker()

    def classified(result: NDArray[np.float32] | None, time: float) -> list[Change]:
        return tracker.step(time, SIZE, lambda _: [Detection(LEFT)], lambda requests: [result for _ in requests])

    for number in range(5):
        assert classified(None, number * STEP) == []
    assert kinds(classified(HAPPY, 0.5)) == [("start", 1)]


# --- association


def test_a_face_that_moves_is_one_track() -> None:
    moving = [[(Box(10 + 12 * n, 10, 50, 50), HAPPY)] for n in range(20)]
    assert kinds(play(Tracker(), moving)) == [("start", 1)]


def test_a_face_that_jumps_is_a_new_track() -> None:
    changes = play(Tracker(rules=TrackRules(lost_after=0.5)), [[(LEFT, HAPPY)]] * 5 + [[(RIGHT, HAPPY)]] * 9)
    assert kinds(changes) == [("start", 1), ("start", 2), ("end", 1)]


def test_two_faces_keep_their_numbers_when_the_detections_change_their_order() -> None:
    tracker = Tracker()
    play(tracker, [[(LEFT, HAPPY), (RIGHT, SAD)], [(RIGHT, SAD), (LEFT, HAPPY)]] * 5)
    assert [(face.number, face.box, face.emotion) for face in tracker.faces] == [(1, LEFT, 0), (2, RIGHT, 1)]


def test_the_detection_with_the_best_overlap_continues_a_track() -> None:
    tracker = Tracker()
    play(tracker, [[(LEFT, HAPPY)]] * 3)
    far, close = Box(25, 10, 50, 50), Box(12, 10, 50, 50)
    play(tracker, [[(far, SAD), (close, HAPPY)]], start=0.3)
    assert tracker.faces[0].box == close


def test_faces_that_cross_keep_their_numbers_though_one_hides_the_other() -> None:
    frames: list[Faces] = []
    for number in range(60):
        left, right = Box(20 + 8 * number, 100, 80, 80), Box(500 - 8 * number, 110, 90, 90)
        frames.append([(right, SAD)] if left.iou(right) > 0.2 else [(left, HAPPY), (right, SAD)])
    tracker = Tracker()
    assert kinds(play(tracker, frames)) == [("start", 1), ("start", 2)]
    assert {face.number: (face.box.w, face.emotion) for face in tracker.faces} == {1: (80, 0), 2: (90, 1)}


def test_a_face_that_is_missed_is_expected_where_it_was_moving() -> None:
    tracker = Tracker()
    play(tracker, [[(Box(10 + 12 * n, 10, 50, 50), HAPPY)] for n in range(20)] + [[]] * 5)
    assert tracker.faces[0].box.x == pytest.approx(10 + 12 * 24, abs=6)


def test_two_frames_of_the_same_time_do_no_harm() -> None:
    tracker = Tracker()
    for _ in range(5):
        step(tracker, [(LEFT, HAPPY)], 1.0)
    assert np.isfinite(tracker.faces[0].probabilities).all()


# --- end


def test_a_face_that_is_missed_for_a_moment_remains_the_same_track() -> None:
    frames = [[(LEFT, HAPPY)]] * 5 + [[]] * 8 + [[(LEFT, HAPPY)]] * 5
    assert kinds(play(Tracker(rules=TrackRules(lost_after=1.0)), frames)) == [("start", 1)]


def test_a_track_ends_when_its_face_is_lost_and_lasted_to_its_last_detection() -> None:
    tracker = Tracker(rules=TrackRules(lost_after=1.0))
    changes = play(tracker, [[(LEFT, HAPPY)]] * 5 + [[]] * 12)
    assert kinds(changes) == [("start", 1), ("end", 1)]
    assert changes[1].face.duration == pytest.approx(0.4)
    assert tracker.faces == ()


def test_a_face_that_has_left_the_frame_ends_soon_where_it_was_last_detected() -> None:
    leaving: list[Faces] = [[(Box(400 + 20 * n, 10, 50, 50), HAPPY)] for n in range(10)]
    changes = play(Tracker(rules=TrackRules(lost_after=5.0)), leaving + [[]] * 8)
    assert kinds(changes) == [("start", 1), ("end", 1)]
    assert changes[1].face.box == leaving[-1][0][0]


def test_a_face_after_a_gap_in_time_is_a_new_track() -> None:
    tracker = Tracker(rules=TrackRules(lost_after=1.0))
    play(tracker, [[(LEFT, HAPPY)]] * 5)
    assert kinds(play(tracker, [[(LEFT, HAPPY)]] * 5, start=60)) == [("end", 1), ("start", 2)]


def test_a_track_without_verified_detections_ends() -> None:
    tracker = Tracker(rules=TrackRules(lost_after=1.0))
    play(tracker, [[(LEFT, HAPPY)]] * 5)
    changes: list[Change] = []
    for number in range(20):
        changes += tracker.step(
            0.5 + number * STEP,
            SIZE,
            lambda _: [Detection(LEFT, verified=False)],
            lambda requests: [HAPPY for _ in requests],
        )
    assert kinds(changes) == [("end", 1)]
    assert tracker.faces == ()


def test_finish_ends_every_confirmed_track() -> None:
    tracker = Tracker()
    play(tracker, [[(LEFT, HAPPY)]] * 3 + [[(LEFT, HAPPY), (RIGHT, SAD)]])
    assert kinds(tracker.finish()) == [("end", 1)]
    assert tracker.finish() == []


# --- emotions


def test_an_update_names_the_emotion_before_it() -> None:
    changes = play(Tracker(), [[(LEFT, HAPPY)]] * 10 + [[(LEFT, SAD)]] * 20)
    assert kinds(changes) == [("start", 1), ("update", 1)]
    assert (changes[1].previous, changes[1].face.emotion) == (0, 1)


def test_adjusted_options_apply_to_the_tracks_that_exist() -> None:
    tracker = Tracker(PipelineOptions(min_score=0.6))
    (start, unsure) = play(tracker, [[(LEFT, HAPPY)]] * 10 + [[(LEFT, UNSURE)]] * 40)
    assert (start.face.emotion, unsure.previous, unsure.face.emotion) == (0, 0, None)
    tracker.adjust(PipelineOptions(min_score=0.0))
    (sure,) = play(tracker, [[(LEFT, UNSURE)]] * 5, start=5.0)
    assert (sure.type, sure.previous, sure.face.emotion) == ("update", None, 1)


@pytest.mark.parametrize(
    ("min_score", "of_the_model", "emotion"),
    [
        (None, {}, 1),
        (None, {0: 0.9}, 1),
        (None, {1: 0.5}, 1),
        (None, {1: 0.65}, None),
        (0.0, {1: 0.65}, 1),
        (0.65, {1: 0.1}, None),
    ],
)
def test_the_minimum_scores_of_the_model_hold_for_their_classes_unless_there_is_an_option(
    min_score: float | None, of_the_model: dict[int, float], emotion: int | None
) -> None:
    tracker = Tracker(PipelineOptions(min_score=min_score), min_scores=of_the_model)
    play(tracker, [[(LEFT, HAPPY)]] * 10 + [[(LEFT, UNSURE)]] * 40)
    assert [face.emotion for face in tracker.faces] == [emotion]


def test_without_any_minimum_score_the_default_one_holds() -> None:
    seven = np.array([0.35, *[0.65 / 6] * 6], np.float32)
    tracker = Tracker()
    (start,) = play(tracker, [[(LEFT, seven)]] * 5)
    assert (start.face.emotion, start.face.score) == (None, pytest.approx(0.35))


# --- faces


def test_the_largest_face_comes_first() -> None:
    tracker = Tracker()
    play(tracker, [[(LEFT, HAPPY), (Box(200, 10, 90, 90), SAD)]] * 3)
    assert [face.box.w for face in tracker.faces] == [90, 50]


def test_the_dominant_face_changes_when_another_is_clearly_larger_or_it_ends() -> None:
    tracker = Tracker(rules=TrackRules(lost_after=0.2))

    def dominant() -> int | None:
        return tracker.dominant.number if tracker.dominant else None

    play(tracker, [[(LEFT, HAPPY), (RIGHT, SAD)]] * 3)
    assert dominant() == 1
    play(tracker, [[(LEFT, HAPPY), (Box(200, 10, 55, 55), SAD)]], start=0.3)
    assert dominant() == 1
    play(tracker, [[(LEFT, HAPPY), (Box(200, 10, 70, 70), SAD)]], start=0.4)
    assert dominant() == 2
    play(tracker, [[(LEFT, HAPPY)]] * 5, start=0.5)
    assert dominant() == 1
    tracker.finish()
    assert dominant() is None


# --- calls


def test_a_frame_is_detected_once_and_classified_once_even_if_nothing_is_due() -> None:
    tracker = Tracker()
    detected: list[int] = []
    classified: list[int] = []

    def detect(predictions: Sequence[Prediction]) -> list[Detection]:
        detected.append(len(predictions))
        return [Detection(LEFT)]

    def classify(requests: Sequence[ClassificationRequest]) -> list[NDArray[np.float32]]:
        classified.append(len(requests))
        return [HAPPY for _ in requests]

    for number in range(4):
        tracker.step(number / 30, SIZE, detect, classify)
    assert detected == [0, 1, 1, 1]
    assert classified == [1, 0, 0, 1]


def test_the_faces_of_a_still_picture_start_and_end_with_it() -> None:
    tracker = Tracker()
    for number in range(2):
        changes = tracker.step_still(
            number, SIZE, [Detection(LEFT), Detection(RIGHT)], lambda requests: [HAPPY for _ in requests]
        )
        first = 2 * number + 1
        assert kinds(changes) == [("start", first), ("start", first + 1), ("end", first), ("end", first + 1)]
    assert tracker.faces == ()


def test_a_still_picture_ends_the_tracks_before_it() -> None:
    tracker = Tracker()
    play(tracker, [[(LEFT, HAPPY)]] * 3)
    changes = tracker.step_still(0.3, SIZE, [Detection(LEFT)], lambda requests: [HAPPY for _ in requests])
    assert kinds(changes) == [("end", 1), ("start", 2), ("end", 2)]
