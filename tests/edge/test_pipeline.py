"""The shipped model on shipped pictures and clips."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support import HEAD, MEDIA, WALK

from fer_edge.cameras import open_source
from fer_edge.emotions import EmotionClassifier
from fer_edge.events import Event
from fer_edge.faces import Box, FaceDetector
from fer_edge.frames import Frame
from fer_edge.pipeline import Pipeline
from fer_edge.tracks import Tracker


@pytest.fixture
def pipeline(classifier: EmotionClassifier) -> Pipeline:
    return Pipeline(FaceDetector(), classifier, Tracker())


def play(pipeline: Pipeline, path: Path) -> list[Event]:
    events = [event for frame in open_source(str(path)) for event in pipeline.step(frame)]
    return events + pipeline.finish()


def grey(name: str) -> np.ndarray:
    return np.asarray(cv2.imread(str(MEDIA / name), cv2.IMREAD_GRAYSCALE), np.uint8)


@pytest.mark.parametrize(
    ("name", "face"),
    [
        ("astronaut.png", Box(170, 65, 110, 110)),
        ("bryan.png", Box(31, 26, 48, 48)),
        ("grace_hopper.bmp", Box(145, 100, 234, 234)),
        ("luciano.png", Box(118, 53, 168, 168)),
        ("neutral.jpeg", Box(220, 320, 558, 558)),
        ("angry.jpg", Box(109, 491, 976, 976)),
        ("happy-baby.jpeg", Box(455, 126, 305, 305)),
    ],
)
def test_the_face_of_a_portrait_is_found_once(name: str, face: Box) -> None:
    (found,) = FaceDetector().detect(grey(f"faces/{name}"))
    assert found.overlap(face) > 0.6


def test_a_picture_without_a_frontal_face_has_none(pipeline: Pipeline) -> None:
    assert FaceDetector().detect(grey("no_face.png")) == []
    assert play(pipeline, MEDIA / "no_face.png") == []


def test_a_picture_smaller_than_the_smallest_face_has_none() -> None:
    assert FaceDetector().detect(np.zeros((10, 10), np.uint8)) == []


@pytest.mark.parametrize(
    ("name", "emotion"),
    [("astronaut.png", "happy"), ("bryan.png", "happy"), ("luciano.png", "neutral"), ("grace_hopper.bmp", "neutral")],
)
def test_the_shipped_model_names_a_clear_expression(pipeline: Pipeline, name: str, emotion: str) -> None:
    start, end = play(pipeline, MEDIA / "faces" / name)
    assert (start.type, end.type) == ("start", "end")
    assert start.emotion == emotion


def test_two_persons_of_the_clip_start_and_end_once_each(pipeline: Pipeline) -> None:
    events = play(pipeline, WALK)
    started = {event.track: event for event in events if event.type == "start"}
    ended = {event.track: event for event in events if event.type == "end"}
    assert set(started) == set(ended)
    left, right = started[1], started[2]
    assert left.box[0] < 0.2
    assert right.box[0] > 0.6
    assert ended[1].duration == pytest.approx(3.2, abs=0.05)


def test_a_turning_head_stays_one_face(pipeline: Pipeline) -> None:
    events = play(pipeline, HEAD)
    assert {event.track for event in events} == {1}
    assert [event.type for event in events][:: len(events) - 1] == ["start", "end"]


def test_the_same_clip_gives_the_same_events(classifier: EmotionClassifier) -> None:
    first, second = (play(Pipeline(FaceDetector(), classifier, Tracker()), WALK) for _ in range(2))
    assert first == second


def test_an_event_is_within_its_frame(pipeline: Pipeline) -> None:
    for event in play(pipeline, WALK):
        x, y, w, h = event.box
        assert x >= 0
        assert y >= 0
        assert x + w <= 1
        assert y + h <= 1
        assert event.frame[:2] == (480, 270)
        assert event.emotion in event.scores
        assert sum(event.scores.values()) == pytest.approx(1, abs=0.03)


def test_the_number_of_faces_and_the_emotion_of_the_dominant_one(pipeline: Pipeline) -> None:
    assert (pipeline.faces, pipeline.dominant) == (0, None)
    for frame in open_source(str(WALK)):
        pipeline.step(frame)
    assert pipeline.faces == 2
    assert pipeline.dominant
    pipeline.finish()
    assert (pipeline.faces, pipeline.dominant) == (0, None)


def test_a_face_that_leaves_by_the_edge_of_the_frame_ends(pipeline: Pipeline) -> None:
    portrait = grey("faces/luciano.png")
    events = []
    for number in range(40):
        shifted = np.roll(portrait, -10 * number, axis=1)
        shifted[:, max(0, 400 - 10 * number) :] = 90
        events += pipeline.step(Frame(shifted, number / 10, number))
    assert [event.type for event in events][:: len(events) - 1] == ["start", "end"]
    assert pipeline.finish() == []


def test_no_frames_no_events(pipeline: Pipeline) -> None:
    assert pipeline.finish() == []
