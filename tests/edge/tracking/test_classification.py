from __future__ import annotations

import numpy as np
import pytest

from fer_edge.config.model import PipelineOptions
from fer_edge.detection.base import MAX_YAW, Detection
from fer_edge.geometry import Box
from fer_edge.tracking.classification import due_tracks, request_for
from fer_edge.tracking.track import Track

HAPPY, SAD = np.array([0.9, 0.1], np.float32), np.array([0.1, 0.9], np.float32)
OPTIONS = PipelineOptions(rate=10.0)


def track(size: int = 50, *, classified_at: float | None = None, detected_at: float = 1.0) -> Track:
    track = Track(Detection(Box(0, 0, size, size)), detected_at)
    if classified_at is not None:
        track.emotions.update(HAPPY, classified_at, smoothing=0.4)
    return track


def times_due(track: Track, options: PipelineOptions, frames: int = 90) -> int:
    """How often a track is due in frames, thirty a second, in all of which it is detected."""
    count = 0
    for number in range(frames):
        track.update(Detection(track.motion.box), 1 + number / 30)
        if due_tracks([track], track.motion.time, options):
            track.emotions.update(HAPPY, track.motion.time, smoothing=0.4)
            count += 1
    return count


def test_a_new_track_is_due_at_once_and_its_classification_is_required() -> None:
    new = track()
    assert due_tracks([new], 1.0, OPTIONS) == [new]
    assert request_for(new).required
    assert not request_for(track(classified_at=0.5)).required


def test_a_new_track_is_classified_both_ways_and_then_the_views_take_turns() -> None:
    face = track()
    views = []
    for number in range(4):
        views.append(request_for(face).views)
        face.emotions.update(HAPPY, 1 + number / 10, smoothing=0.4)
    assert views == [(False, True), (False,), (True,), (False,)]


def test_a_track_that_is_not_detected_in_the_frame_is_not_due() -> None:
    assert due_tracks([track(detected_at=0.9)], 1.0, OPTIONS) == []


def test_a_track_is_classified_at_the_rate() -> None:
    assert 13 <= times_due(track(), PipelineOptions(rate=5)) <= 16


def test_a_slowdown_divides_the_rate() -> None:
    assert 6 <= times_due(track(), PipelineOptions(rate=10, slowdown=4)) <= 9


def test_a_track_whose_expression_changes_is_due_three_times_as_often() -> None:
    changing = track(classified_at=0.9)
    changing.emotions.update(SAD, 0.95, smoothing=0.4)
    calm = track(classified_at=0.95)
    assert due_tracks([changing, calm], 1.0, OPTIONS) == [changing]


def test_the_tracks_that_waited_longest_are_due_first_then_the_largest() -> None:
    tracks = [track(40, classified_at=0.5), track(50, classified_at=0.3), track(60, classified_at=0.5), track(30)]
    assert due_tracks(tracks, 1.0, PipelineOptions(max_classifications=9)) == [
        tracks[3],
        tracks[1],
        tracks[2],
        tracks[0],
    ]


def test_no_more_tracks_are_due_in_a_frame_than_allowed() -> None:
    tracks = [track(40), track(50), track(60)]
    assert due_tracks(tracks, 1.0, PipelineOptions(max_classifications=2)) == [tracks[2], tracks[1]]


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_face_that_is_turned_away_is_not_due(sign: int) -> None:
    facing, away = (
        Track(Detection(Box(0, 0, 50, 50), yaw=sign * yaw, score=0.9), 1.0) for yaw in (MAX_YAW - 1, MAX_YAW + 1)
    )
    assert due_tracks([away, facing], 1.0, OPTIONS) == [facing]


def test_a_request_contains_the_tilt_of_the_head() -> None:
    tilted = Track(Detection(Box(0, 0, 50, 50), angle=-25.0, score=0.9), 1.0)
    request = request_for(tilted)
    assert (request.box, request.angle) == (Box(0, 0, 50, 50), -25.0)
