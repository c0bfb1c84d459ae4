from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.geometry import Box
from fer_edge.tracking.track import Detection
from fer_edge.tracking.tracker import Change, Tracker, TrackRules

HAPPY = np.array([0.9, 0.1], np.float32)
SAD = np.array([0.1, 0.9], np.float32)
HERE, THERE = Box(10, 10, 50, 50), Box(200, 10, 50, 50)
STEP = 0.1


Faces = list[tuple[Box, NDArray[np.float32]]]


def show(tracker: Tracker, faces: Faces, time: float) -> list[Change]:
    """Show a frame of 640x480, in which every face that is found is classified."""
    ended = tracker.forget(time, (640, 480))
    tracker.see([Detection(box) for box, _ in faces], time)
    for track in tracker.tracks:
        for box, probabilities in faces:
            if track.box == box and track.last_found == time:
                tracker.feel(track, probabilities, time)
    return ended + tracker.judge(time)


def play(tracker: Tracker, frames: list[Faces], start: float = 0.0) -> list[Change]:
    """Show frames, a tenth of a second apart; the changes they brought."""
    return [change for number, faces in enumerate(frames) for change in show(tracker, faces, start + number * STEP)]


def kinds(changes: list[Change]) -> list[tuple[str, int]]:
    return [(change.type, change.track.number) for change in changes]


def test_a_face_starts_when_it_was_seen_often_enough() -> None:
    tracker = Tracker(TrackRules(confirm=3))
    assert play(tracker, [[(HERE, HAPPY)]] * 2) == []
    assert kinds(play(tracker, [[(HERE, HAPPY)]], start=0.2)) == [("start", 1)]


def test_a_detection_of_one_frame_is_no_face() -> None:
    assert play(Tracker(), [[(HERE, HAPPY)], [], [(THERE, HAPPY)], [], [], []] * 5) == []


def test_a_face_that_moves_is_the_same_face() -> None:
    moving = [[(Box(10 + 12 * n, 10, 50, 50), HAPPY)] for n in range(20)]
    assert kinds(play(Tracker(), moving)) == [("start", 1)]


def test_a_face_that_jumps_is_another_face() -> None:
    changes = play(Tracker(TrackRules(lost=0.5)), [[(HERE, HAPPY)]] * 5 + [[(THERE, HAPPY)]] * 9)
    assert kinds(changes) == [("start", 1), ("start", 2), ("end", 1)]


def test_a_face_lost_for_a_moment_goes_on() -> None:
    frames = [[(HERE, HAPPY)]] * 5 + [[]] * 8 + [[(HERE, HAPPY)]] * 5
    assert kinds(play(Tracker(TrackRules(lost=1.0)), frames)) == [("start", 1)]


def test_a_face_lost_for_long_ends_at_its_last_sight() -> None:
    tracker = Tracker(TrackRules(lost=1.0))
    changes = play(tracker, [[(HERE, HAPPY)]] * 5 + [[]] * 12)
    assert kinds(changes) == [("start", 1), ("end", 1)]
    assert changes[1].track.last_seen == pytest.approx(0.4)
    assert tracker.faces == []


def test_an_emotion_changes_once_when_it_has_really_changed() -> None:
    changes = play(Tracker(), [[(HERE, HAPPY)]] * 10 + [[(HERE, SAD)]] * 20)
    assert kinds(changes) == [("start", 1), ("update", 1)]
    assert (changes[1].previous, changes[1].track.emotion) == (0, 1)


def test_a_flicker_of_the_classifier_is_no_change() -> None:
    assert kinds(play(Tracker(), ([[(HERE, HAPPY)]] * 3 + [[(HERE, SAD)]]) * 10)) == [("start", 1)]


def test_an_even_flicker_does_not_flood_the_subscriber() -> None:
    changes = play(Tracker(), [[(HERE, HAPPY)], [(HERE, SAD)]] * 50)
    assert len(changes) <= 2


@pytest.mark.parametrize("step", [0.02, 0.1, 0.25])
def test_smoothing_is_in_seconds_whatever_the_frame_rate(step: float) -> None:
    tracker = Tracker(TrackRules(smoothing=0.5))
    for number in range(round(1 / step) + 1):
        show(tracker, [(HERE, HAPPY if number == 0 else SAD)], number * step)
    expected = 0.1 + 0.8 * np.exp(-1 / 0.5)
    assert tracker.faces[0].probabilities[0] == pytest.approx(expected, abs=1e-3)


def test_two_faces_keep_their_numbers_when_the_detector_changes_its_order() -> None:
    tracker = Tracker()
    play(tracker, [[(HERE, HAPPY), (THERE, SAD)], [(THERE, SAD), (HERE, HAPPY)]] * 5)
    assert [(track.number, track.box, track.emotion) for track in tracker.faces] == [(1, HERE, 0), (2, THERE, 1)]


def test_of_two_boxes_the_better_overlap_continues_a_track() -> None:
    tracker = Tracker()
    play(tracker, [[(HERE, HAPPY)]] * 3)
    near, nearer = Box(25, 10, 50, 50), Box(12, 10, 50, 50)
    play(tracker, [[(near, SAD), (nearer, HAPPY)]], start=0.3)
    assert tracker.faces[0].box == nearer


def test_the_largest_face_comes_first() -> None:
    tracker = Tracker()
    play(tracker, [[(HERE, HAPPY), (Box(200, 10, 90, 90), SAD)]] * 3)
    assert [track.box.w for track in tracker.faces] == [90, 50]


def test_the_dominant_face_stays_so_until_another_is_clearly_larger_or_it_goes() -> None:
    tracker = Tracker(TrackRules(lost=0.2))
    play(tracker, [[(HERE, HAPPY), (THERE, SAD)]] * 3)
    assert tracker.dominant
    assert tracker.dominant.number == 1
    play(tracker, [[(HERE, HAPPY), (Box(200, 10, 55, 55), SAD)]], start=0.3)
    assert tracker.dominant.number == 1
    play(tracker, [[(HERE, HAPPY), (Box(200, 10, 70, 70), SAD)]], start=0.4)
    assert tracker.dominant.number == 2
    play(tracker, [[(HERE, HAPPY)]] * 5, start=0.5)
    assert tracker.dominant.number == 1
    tracker.finish()
    assert tracker.dominant is None


def test_the_end_of_the_frames_ends_every_confirmed_face() -> None:
    tracker = Tracker()
    play(tracker, [[(HERE, HAPPY)]] * 3 + [[(HERE, HAPPY), (THERE, SAD)]])
    assert kinds(tracker.finish()) == [("end", 1)]
    assert tracker.finish() == []


def test_a_still_starts_and_ends_its_faces_at_once() -> None:
    tracker = Tracker()
    for number in range(2):
        tracker.see([Detection(HERE), Detection(THERE)], number)
        for track in tracker.tracks:
            tracker.feel(track, HAPPY, number)
        first = 2 * number + 1
        assert kinds(tracker.show_still()) == [
            ("start", first), ("start", first + 1), ("end", first), ("end", first + 1)
        ]  # fmt: skip


def test_two_frames_of_one_time_do_no_harm() -> None:
    tracker = Tracker()
    for _ in range(5):
        show(tracker, [(HERE, HAPPY)], 1.0)
    assert np.isfinite(tracker.faces[0].probabilities).all()


def test_faces_that_cross_keep_their_numbers_though_one_hides_the_other() -> None:
    frames: list[Faces] = []
    for number in range(60):
        left, right = Box(20 + 8 * number, 100, 80, 80), Box(500 - 8 * number, 110, 90, 90)
        frames.append([(right, SAD)] if left.iou(right) > 0.2 else [(left, HAPPY), (right, SAD)])
    tracker = Tracker()
    changes = play(tracker, frames)
    assert kinds(changes) == [("start", 1), ("start", 2)]
    assert {track.number: (track.box.w, track.emotion) for track in tracker.faces} == {1: (80, 0), 2: (90, 1)}


def test_a_face_that_is_not_seen_for_a_moment_is_where_it_was_going() -> None:
    tracker = Tracker()
    play(tracker, [[(Box(10 + 12 * n, 10, 50, 50), HAPPY)] for n in range(20)] + [[]] * 5)
    assert tracker.faces[0].box.x == pytest.approx(10 + 12 * 24, abs=6)


def test_a_face_that_has_left_the_picture_ends_soon_where_it_was_last_seen() -> None:
    leaving: list[Faces] = [[(Box(400 + 20 * n, 10, 50, 50), HAPPY)] for n in range(10)]
    changes = play(Tracker(TrackRules(lost=5.0)), leaving + [[]] * 8)
    assert kinds(changes) == [("start", 1), ("end", 1)]
    assert changes[1].track.box == leaving[-1][0][0]


def test_a_face_after_a_gap_in_time_is_a_new_one() -> None:
    tracker = Tracker(TrackRules(lost=1.0))
    play(tracker, [[(HERE, HAPPY)]] * 5)
    assert kinds(play(tracker, [[(HERE, HAPPY)]] * 5, start=60)) == [("end", 1), ("start", 2)]


def test_a_face_that_is_only_followed_by_its_looks_is_not_kept_for_ever() -> None:
    tracker = Tracker(TrackRules(lost=1.0))
    play(tracker, [[(HERE, HAPPY)]] * 5)
    changes = []
    for number in range(20):
        changes += tracker.forget(0.5 + number * STEP, (640, 480))
        tracker.see([Detection(HERE, sure=False)], 0.5 + number * STEP)
    assert kinds(changes) == [("end", 1)]
    assert tracker.tracks == []


def test_an_emotion_is_reported_only_when_its_probability_suffices() -> None:
    unsure = np.array([0.45, 0.55], np.float32)
    frames: list[Faces] = [[(HERE, HAPPY)]] * 10 + [[(HERE, unsure)]] * 40
    assert kinds(play(Tracker(TrackRules(min_score=0.6)), frames)) == [("start", 1)]
    assert kinds(play(Tracker(), frames)) == [("start", 1), ("update", 1)]


def test_a_face_is_not_believed_before_it_was_classified() -> None:
    tracker = Tracker()
    for number in range(5):
        tracker.see([Detection(HERE)], number * STEP)
        assert tracker.judge(number * STEP) == []
    tracker.feel(tracker.tracks[0], HAPPY, 0.5)
    assert kinds(tracker.judge(0.5)) == [("start", 1)]
