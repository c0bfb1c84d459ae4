"""The shipped model on shipped pictures and clips."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.benchmarks.sequences import Face, pasted
from tests.support import HEAD, MEDIA, WALK

from fer_edge.cameras.factory import open_source
from fer_edge.cameras.frame import Frame
from fer_edge.config.model import PipelineOptions
from fer_edge.detection.haar import HaarDetector
from fer_edge.events import Event, MessageBuilder, encode
from fer_edge.geometry import Box
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.pipeline import Pipeline


@pytest.fixture
def pipeline(classifier: EmotionClassifier) -> Pipeline:
    return Pipeline(classifier, PipelineOptions(min_face=0.1))


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
    (found,) = HaarDetector().detect(grey(f"faces/{name}"))
    assert found.iou(face) > 0.6


def test_a_picture_without_a_frontal_face_has_none(pipeline: Pipeline) -> None:
    assert HaarDetector().detect(grey("no_face.png")) == []
    assert play(pipeline, MEDIA / "no_face.png") == []


def test_a_picture_smaller_than_the_smallest_face_has_none() -> None:
    assert HaarDetector().detect(np.zeros((10, 10), np.uint8)) == []


@pytest.mark.parametrize(
    ("name", "emotion"),
    [("astronaut.png", "happy"), ("bryan.png", "happy"), ("luciano.png", "neutral"), ("grace_hopper.bmp", "neutral")],
)
def test_the_shipped_model_names_a_clear_expression(pipeline: Pipeline, name: str, emotion: str) -> None:
    start, end = play(pipeline, MEDIA / "faces" / name)
    assert (start.type, end.type) == ("start", "end")
    assert start.emotion == emotion


def test_the_persons_of_the_clip_start_and_end_once_each(pipeline: Pipeline) -> None:
    events = play(pipeline, WALK)
    started = {event.track: event for event in events if event.type == "start"}
    ended = {event.track: event for event in events if event.type == "end"}
    assert set(started) == set(ended)
    lefts = sorted(event.box[0] for event in started.values())
    assert 2 <= len(lefts) <= 3
    assert lefts[0] < 0.2
    assert lefts[-1] > 0.6
    assert ended[1].duration == pytest.approx(3.2, abs=0.3)


def test_a_turning_head_stays_one_face(pipeline: Pipeline) -> None:
    events = play(pipeline, HEAD)
    assert {event.track for event in events} == {1}
    assert [event.type for event in events][:: len(events) - 1] == ["start", "end"]


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
    assert (pipeline.face_count, pipeline.dominant_emotion) == (0, None)
    for frame in open_source(str(WALK)):
        pipeline.step(frame)
    assert pipeline.face_count == len(pipeline.tracked_faces) >= 2
    areas = [track.box.area for track in pipeline.tracked_faces]
    assert areas == sorted(areas, reverse=True)
    assert pipeline.dominant_emotion
    pipeline.finish()
    assert (pipeline.face_count, pipeline.dominant_emotion) == (0, None)


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


def scene(*faces: Face, behind: int = 120) -> np.ndarray:
    return pasted(np.full((480, 640), behind, np.uint8), faces)


def watch(pipeline: Pipeline, pictures: Iterable[np.ndarray], start: float = 0.0) -> list[Event]:
    """The events of pictures, thirty a second."""
    frames = (Frame(picture, start + number / 30, number) for number, picture in enumerate(pictures))
    return [event for frame in frames for event in pipeline.step(frame)]


def kinds(events: list[Event]) -> list[tuple[str, int]]:
    return [(event.type, event.track) for event in events]


def test_the_same_frames_give_the_same_messages_byte_for_byte(classifier: EmotionClassifier) -> None:
    def messages() -> list[str]:
        stamper = MessageBuilder("cam", "boot", lambda time: time, lambda: True)
        return [encode(stamper.message(event)) for event in play(Pipeline(classifier), WALK)]

    first = messages()
    assert len(first) >= 4
    assert messages() == first


def test_a_new_face_is_reported_within_ten_frames_and_its_box_is_right(classifier: EmotionClassifier) -> None:
    pipeline, face = Pipeline(classifier), Face("astronaut.png", 420, 200, 84)
    assert watch(pipeline, [scene()] * 30) == []
    (start,) = watch(pipeline, [scene(face)] * 10, start=1.0)
    assert start.type == "start"
    assert [track.box.iou(face.box) > 0.6 for track in pipeline.tracked_faces] == [True]


def test_four_faces_that_come_at_once_are_reported_within_ten_frames(classifier: EmotionClassifier) -> None:
    pipeline = Pipeline(classifier)
    names = ("luciano.png", "astronaut.png", "grace_hopper.bmp", "happy-baby.jpeg")
    faces = [Face(name, 90 + 150 * number, 160 + 50 * number, 80) for number, name in enumerate(names)]
    assert kinds(watch(pipeline, [scene(*faces)] * 10)) == [("start", number) for number in (1, 2, 3, 4)]


def test_a_face_of_one_frame_is_no_face(classifier: EmotionClassifier) -> None:
    face = Face("astronaut.png", 320, 240, 90)
    assert watch(Pipeline(classifier), ([scene(face)] + [scene()] * 15) * 4) == []


def test_two_faces_that_cross_stay_two_and_are_not_taken_for_each_other(classifier: EmotionClassifier) -> None:
    pipeline = Pipeline(classifier)
    path = [(Face("luciano.png", 560 - 6 * n, 235, 84), Face("astronaut.png", 80 + 6 * n, 250, 96)) for n in range(80)]
    before = watch(pipeline, (scene(*faces) for faces in path[:20]))
    at_start = {track.number: track.box.x < 320 for track in pipeline.tracked_faces}
    after = watch(pipeline, (scene(*faces) for faces in path[20:]), start=20 / 30)
    at_end = {track.number: track.box.x < 320 for track in pipeline.tracked_faces}
    assert kinds(before) == [("start", 1), ("start", 2)]
    assert [event.type for event in after if event.type != "update"] == []
    assert at_start == {number: not left for number, left in at_end.items()}


def test_a_face_is_classified_at_a_steady_rate(classifier: EmotionClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []
    classify = classifier.classify
    monkeypatch.setattr(classifier, "classify", lambda crops: counted.append(1) or classify(crops))
    watch(Pipeline(classifier, PipelineOptions(rate=5)), [scene(Face("luciano.png", 300, 240, 100))] * 90)
    assert 13 <= len(counted) <= 16


def test_a_blurred_look_does_not_count(classifier: EmotionClassifier) -> None:
    sharp = scene(Face("astronaut.png", 320, 240, 100))
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 6), np.uint8)
    pipeline = Pipeline(classifier)
    watch(pipeline, [sharp] * 30)
    (before,) = (track.probabilities for track in pipeline.tracked_faces)
    watch(pipeline, [blurred] * 10, start=1.0)
    (after,) = (track.probabilities for track in pipeline.tracked_faces)
    assert after is before


def test_faces_are_cut_from_the_detail_where_there_is_one(classifier: EmotionClassifier) -> None:
    large = np.asarray(cv2.resize(scene(Face("astronaut.png", 320, 240, 100)), (1280, 960)), np.uint8)
    small = np.asarray(cv2.resize(large, (640, 480), interpolation=cv2.INTER_AREA), np.uint8)
    scores = []
    for detail in (None, large, np.full_like(large, 128)):
        pipeline = Pipeline(classifier)
        for number in range(10):
            pipeline.step(Frame(small, number / 30, number, detail=detail))
        scores.append(pipeline.tracked_faces[0].probabilities)
    assert np.abs(scores[0] - scores[1]).max() < 0.25
    assert np.abs(scores[0] - scores[2]).max() > 0.25


@pytest.mark.parametrize("shape", [(1, 1), (7, 640), (23, 23), (30, 30), (2736, 3648)])
@pytest.mark.parametrize("grey", [0, 255])
def test_a_blank_picture_of_any_size_has_no_faces(
    classifier: EmotionClassifier, shape: tuple[int, int], grey: int
) -> None:
    assert watch(Pipeline(classifier), [np.full(shape, grey, np.uint8)] * 4) == []


def test_a_picture_need_not_lie_in_one_piece(classifier: EmotionClassifier) -> None:
    picture = scene(Face("astronaut.png", 320, 240, 100))
    wide = np.zeros((480, 704), np.uint8)
    wide[:, :640] = picture
    whole = watch(Pipeline(classifier), [picture] * 12)
    assert whole
    assert watch(Pipeline(classifier), [wide[:, :640]] * 12) == whole
    assert watch(Pipeline(classifier), [picture[:, ::-1]] * 12)


def test_when_the_size_of_the_frames_changes_the_faces_end_and_are_found_anew(classifier: EmotionClassifier) -> None:
    pipeline, picture = Pipeline(classifier), scene(Face("astronaut.png", 320, 240, 100))
    half = np.asarray(cv2.resize(picture, (320, 240), interpolation=cv2.INTER_AREA), np.uint8)
    events = watch(pipeline, [picture] * 15) + watch(pipeline, [half] * 15, start=0.5)
    assert kinds(events) == [("start", 1), ("end", 1), ("start", 2)]
    assert [event.frame[:2] for event in events] == [(640, 480), (640, 480), (320, 240)]


def test_a_face_after_a_gap_in_time_is_a_new_one(classifier: EmotionClassifier) -> None:
    pipeline, picture = Pipeline(classifier), scene(Face("astronaut.png", 320, 240, 100))
    watch(pipeline, [picture] * 15)
    assert kinds(watch(pipeline, [picture] * 15, start=100)) == [("end", 1), ("start", 2)]


def test_after_a_pause_a_face_that_has_not_moved_is_found_at_once(classifier: EmotionClassifier) -> None:
    pipeline, picture = Pipeline(classifier), scene(Face("astronaut.png", 320, 240, 100))
    watch(pipeline, [picture] * 60)
    assert kinds(pipeline.finish()) == [("end", 1)]
    assert kinds(watch(pipeline, [picture] * 10, start=2.1)) == [("start", 2)]


def test_a_still_among_moving_frames_is_a_scene_of_its_own(classifier: EmotionClassifier) -> None:
    pipeline, picture = Pipeline(classifier), scene(Face("astronaut.png", 320, 240, 100))
    watch(pipeline, [picture] * 15)
    assert kinds(pipeline.step(Frame(picture, 1.0, 15, still=True))) == [("end", 1), ("start", 2), ("end", 2)]


@pytest.mark.parametrize("slowdown", [1, 2, 4])
def test_a_machine_under_strain_classifies_less_often_and_follows_all_the_same(
    classifier: EmotionClassifier, monkeypatch: pytest.MonkeyPatch, slowdown: int
) -> None:
    looks: list[int] = []
    classify = classifier.classify
    monkeypatch.setattr(classifier, "classify", lambda crops: looks.append(1) or classify(crops))
    pipeline = Pipeline(classifier, PipelineOptions(rate=8, slowdown=slowdown))
    watch(pipeline, [scene(Face("luciano.png", 300, 240, 100))] * 90)
    assert pipeline.face_count == 1
    assert 24 / slowdown - 6 / slowdown <= len(looks) <= 24 / slowdown + 6 / slowdown
