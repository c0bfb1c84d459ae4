"""The shipped model and the Haar cascade on shipped pictures and clips, and on scenes made of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.events import FPS, kinds, play, play_file
from tests.support.media import HEAD, MEDIA, WALK
from tests.support.scenes import Face, read_grey, scene

from fer_edge.cameras.factory import open_source
from fer_edge.cameras.frame import Frame
from fer_edge.config.model import DEFAULT_MIN_SCORE, DEFAULT_MODEL, PipelineOptions
from fer_edge.events import MessageBuilder, encode
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import read_model
from fer_edge.pipeline import Pipeline


@pytest.fixture
def pipeline(classifier: EmotionClassifier) -> Pipeline:
    return Pipeline(classifier)


@pytest.fixture
def clip_pipeline(classifier: EmotionClassifier) -> Pipeline:
    return Pipeline(classifier, PipelineOptions(min_face=0.1))


def test_a_default_minimum_score_holds_unless_the_model_has_those_of_its_classes(
    classifier: EmotionClassifier,
) -> None:
    assert Pipeline(classifier).options.min_score == DEFAULT_MIN_SCORE
    model = replace(classifier.model, card={"min_score": {"happy": 0.7}})
    own = EmotionClassifier(model, open_engine(model))
    assert Pipeline(own).options.min_score is None
    assert Pipeline(own, PipelineOptions(min_score=0.0)).options.min_score == 0.0


@pytest.fixture
def classified(classifier: EmotionClassifier, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of faces in each call of the classifier."""
    counts: list[int] = []
    classify = classifier.classify
    monkeypatch.setattr(classifier, "classify", lambda crops: counts.append(len(crops)) or classify(crops))
    return counts


# --- files


def test_a_picture_without_a_frontal_face_has_no_events(clip_pipeline: Pipeline) -> None:
    assert play_file(clip_pipeline, MEDIA / "no_face.png") == []


@pytest.mark.parametrize(
    ("name", "emotion"),
    [("astronaut.png", "happy"), ("bryan.png", "happy"), ("luciano.png", "neutral"), ("grace_hopper.bmp", "neutral")],
)
def test_the_shipped_model_names_a_clear_expression(clip_pipeline: Pipeline, name: str, emotion: str) -> None:
    start, end = play_file(clip_pipeline, MEDIA / "faces" / name)
    assert (start.type, end.type) == ("start", "end")
    assert start.emotion == emotion


def test_the_persons_of_the_clip_start_and_end_once_each(clip_pipeline: Pipeline) -> None:
    events = play_file(clip_pipeline, WALK)
    started = {event.track: event for event in events if event.type == "start"}
    ended = {event.track: event for event in events if event.type == "end"}
    assert set(started) == set(ended)
    lefts = sorted(event.box[0] for event in started.values())
    assert 2 <= len(lefts) <= 3
    assert lefts[0] < 0.2
    assert lefts[-1] > 0.6
    assert ended[1].duration == pytest.approx(3.2, abs=0.3)


def test_a_turning_head_is_one_track(clip_pipeline: Pipeline) -> None:
    events = play_file(clip_pipeline, HEAD)
    assert {event.track for event in events} == {1}
    assert [event.type for event in events][:: len(events) - 1] == ["start", "end"]


def test_an_event_is_within_its_frame(clip_pipeline: Pipeline) -> None:
    for event in play_file(clip_pipeline, WALK):
        x, y, w, h = event.box
        assert x >= 0
        assert y >= 0
        assert x + w <= 1
        assert y + h <= 1
        assert event.frame[:2] == (480, 270)
        assert event.emotion in {None, *event.scores}
        assert sum(event.scores.values()) == pytest.approx(1, abs=0.03)


def test_the_state_counts_the_faces_and_names_the_emotion_of_the_dominant_one(clip_pipeline: Pipeline) -> None:
    pipeline = clip_pipeline
    assert (pipeline.face_count, pipeline.dominant_emotion, pipeline.dominant_score) == (0, None, None)
    for frame in open_source(str(WALK)):
        pipeline.step(frame)
    assert pipeline.face_count == len(pipeline.tracked_faces) >= 2
    areas = [face.box.area for face in pipeline.tracked_faces]
    assert areas == sorted(areas, reverse=True)
    assert pipeline.dominant_emotion in {None, *read_model(DEFAULT_MODEL).labels}
    assert pipeline.dominant_score
    assert all(-1 <= value <= 1 for value in pipeline.dominant_affect.values() if value is not None)
    pipeline.finish()
    assert (pipeline.face_count, pipeline.dominant_emotion, pipeline.dominant_score) == (0, None, None)
    assert pipeline.dominant_affect == {"valence": None, "arousal": None}


def test_the_same_frames_give_the_same_messages_byte_for_byte(classifier: EmotionClassifier) -> None:
    def messages() -> list[str]:
        builder = MessageBuilder("cam", "boot", lambda time: time, lambda: True)
        return [encode(builder.message(event)) for event in play_file(Pipeline(classifier), WALK)]

    first = messages()
    assert len(first) >= 4
    assert messages() == first


# --- tracks


def test_no_frames_no_events(pipeline: Pipeline) -> None:
    assert pipeline.finish() == []


def test_a_new_face_is_reported_within_ten_frames_with_the_right_box(pipeline: Pipeline) -> None:
    face = Face("astronaut.png", 420, 200, 84)
    assert play(pipeline, [scene()] * 30) == []
    (start,) = play(pipeline, [scene(face)] * 10, start=1.0)
    assert start.type == "start"
    assert [tracked.box.iou(face.box) > 0.6 for tracked in pipeline.tracked_faces] == [True]


def test_four_faces_that_appear_at_once_are_reported_within_ten_frames(pipeline: Pipeline) -> None:
    names = ("luciano.png", "astronaut.png", "grace_hopper.bmp", "happy-baby.jpeg")
    faces = [Face(name, 90 + 150 * number, 160 + 50 * number, 80) for number, name in enumerate(names)]
    assert kinds(play(pipeline, [scene(*faces)] * 10)) == [("start", number) for number in (1, 2, 3, 4)]


def test_a_face_in_one_frame_only_is_not_reported(pipeline: Pipeline) -> None:
    face = Face("astronaut.png", 320, 240, 90)
    assert play(pipeline, ([scene(face)] + [scene()] * 15) * 4) == []


def test_two_faces_that_cross_keep_their_tracks(pipeline: Pipeline) -> None:
    path = [(Face("luciano.png", 560 - 6 * n, 235, 84), Face("astronaut.png", 80 + 6 * n, 250, 96)) for n in range(80)]
    before = play(pipeline, (scene(*faces) for faces in path[:20]))
    at_start = {face.number: face.box.x < 320 for face in pipeline.tracked_faces}
    after = play(pipeline, (scene(*faces) for faces in path[20:]), start=20 / FPS)
    at_end = {face.number: face.box.x < 320 for face in pipeline.tracked_faces}
    assert kinds(before) == [("start", 1), ("start", 2)]
    assert [event.type for event in after if event.type != "update"] == []
    assert at_start == {number: not left for number, left in at_end.items()}


def test_a_face_that_leaves_across_the_edge_of_the_frame_ends(clip_pipeline: Pipeline) -> None:
    portrait = read_grey("faces/luciano.png")
    events = []
    for number in range(40):
        shifted = np.roll(portrait, -10 * number, axis=1)
        shifted[:, max(0, 400 - 10 * number) :] = 90
        events += clip_pipeline.step(Frame(shifted, number / 10, number))
    assert [event.type for event in events][:: len(events) - 1] == ["start", "end"]
    assert clip_pipeline.finish() == []


def test_tracks_end_when_the_frames_change_their_size(pipeline: Pipeline) -> None:
    picture = scene(Face("astronaut.png", 320, 240, 100))
    half = np.asarray(cv2.resize(picture, (320, 240), interpolation=cv2.INTER_AREA), np.uint8)
    events = play(pipeline, [picture] * 15) + play(pipeline, [half] * 15, start=0.5)
    assert kinds(events) == [("start", 1), ("end", 1), ("start", 2)]
    assert [event.frame[:2] for event in events] == [(640, 480), (640, 480), (320, 240)]


def test_a_face_after_a_gap_in_time_is_a_new_track(pipeline: Pipeline) -> None:
    picture = scene(Face("astronaut.png", 320, 240, 100))
    play(pipeline, [picture] * 15)
    assert kinds(play(pipeline, [picture] * 15, start=100)) == [("end", 1), ("start", 2)]


def test_after_a_pause_a_face_that_has_not_moved_is_reported_at_once(pipeline: Pipeline) -> None:
    picture = scene(Face("astronaut.png", 320, 240, 100))
    play(pipeline, [picture] * 60)
    assert kinds(pipeline.finish()) == [("end", 1)]
    assert kinds(play(pipeline, [picture] * 10, start=2.1)) == [("start", 2)]


def test_a_face_that_is_not_confirmed_yet_is_a_possible_one(pipeline: Pipeline) -> None:
    picture = scene(Face("astronaut.png", 320, 240, 100))
    known = []
    for number in range(15):
        pipeline.step(Frame(picture, number / FPS, number))
        known.append((len(pipeline.possible_faces), len(pipeline.tracked_faces)))
    assert (1, 0) in known
    assert known[-1] == (1, 1)
    (tracked,), (possible,) = pipeline.tracked_faces, pipeline.possible_faces.values()
    assert possible == tracked.box
    pipeline.step(Frame(picture, 1.0, 15, still=True))
    assert len(pipeline.possible_faces) == 1


def test_a_still_picture_between_frames_is_a_scene_of_its_own(pipeline: Pipeline) -> None:
    picture = scene(Face("astronaut.png", 320, 240, 100))
    play(pipeline, [picture] * 15)
    assert kinds(pipeline.step(Frame(picture, 1.0, 15, still=True))) == [("end", 1), ("start", 2), ("end", 2)]
    assert [face.number for face in pipeline.tracked_faces] == [2]
    assert pipeline.face_count == 0


# --- pictures


@pytest.mark.parametrize("shape", [(1, 1), (7, 640), (23, 23), (30, 30), (2736, 3648)])
@pytest.mark.parametrize("grey", [0, 255])
def test_a_blank_picture_of_any_size_has_no_events(pipeline: Pipeline, shape: tuple[int, int], grey: int) -> None:
    assert play(pipeline, [np.full(shape, grey, np.uint8)] * 4) == []


def test_a_picture_need_not_be_contiguous_in_memory(classifier: EmotionClassifier) -> None:
    picture = scene(Face("astronaut.png", 320, 240, 100))
    wide = np.zeros((480, 704), np.uint8)
    wide[:, :640] = picture
    contiguous = play(Pipeline(classifier), [picture] * 12)
    assert contiguous
    assert play(Pipeline(classifier), [wide[:, :640]] * 12) == contiguous
    assert play(Pipeline(classifier), [picture[:, ::-1]] * 12)


def test_crops_are_cut_from_the_detail_of_a_frame_if_there_is_one(classifier: EmotionClassifier) -> None:
    large = np.asarray(cv2.resize(scene(Face("astronaut.png", 320, 240, 100)), (1280, 960)), np.uint8)
    small = np.asarray(cv2.resize(large, (640, 480), interpolation=cv2.INTER_AREA), np.uint8)
    scores = []
    for detail in (None, large, np.full_like(large, 128)):
        pipeline = Pipeline(classifier)
        for number in range(10):
            pipeline.step(Frame(small, number / FPS, number, detail=detail))
        scores.append(pipeline.tracked_faces[0].probabilities)
    assert np.abs(scores[0] - scores[1]).max() < 0.25
    assert np.abs(scores[0] - scores[2]).max() > 0.25


# --- classification


def test_a_face_is_classified_at_the_configured_rate(classifier: EmotionClassifier, classified: list[int]) -> None:
    play(Pipeline(classifier, PipelineOptions(rate=5)), [scene(Face("luciano.png", 300, 240, 100))] * 90)
    assert 13 <= len(classified) <= 16


@pytest.mark.parametrize("slowdown", [1, 2, 4])
def test_with_a_slowdown_a_face_is_classified_less_often_and_still_tracked(
    classifier: EmotionClassifier, classified: list[int], slowdown: int
) -> None:
    pipeline = Pipeline(classifier, PipelineOptions(rate=8, slowdown=slowdown))
    play(pipeline, [scene(Face("luciano.png", 300, 240, 100))] * 90)
    assert pipeline.face_count == 1
    assert 24 / slowdown - 6 / slowdown <= len(classified) <= 24 / slowdown + 6 / slowdown


def test_a_blurred_crop_does_not_change_the_probabilities(pipeline: Pipeline) -> None:
    sharp = scene(Face("astronaut.png", 320, 240, 100))
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 6), np.uint8)
    play(pipeline, [sharp] * 30)
    (before,) = (face.probabilities for face in pipeline.tracked_faces)
    play(pipeline, [blurred] * 10, start=1.0)
    (after,) = (face.probabilities for face in pipeline.tracked_faces)
    assert after is before


def test_a_blurred_face_is_classified_once_so_that_it_can_be_reported(
    classifier: EmotionClassifier, classified: list[int]
) -> None:
    blurred = np.asarray(cv2.GaussianBlur(scene(Face("astronaut.png", 320, 240, 100)), (0, 0), 6), np.uint8)
    assert kinds(play(Pipeline(classifier, PipelineOptions(min_sharpness=9.0)), [blurred] * 30)) == [("start", 1)]
    assert classified == [2], "the face and its mirror image"


@pytest.fixture
def crops(classifier: EmotionClassifier, monkeypatch: pytest.MonkeyPatch) -> list[NDArray[np.uint8]]:
    """What the classifier is given."""
    crops: list[NDArray[np.uint8]] = []
    classify = classifier.classify
    monkeypatch.setattr(classifier, "classify", lambda views: crops.extend(views) or classify(views))
    return crops


def test_a_still_picture_gets_the_mean_of_the_face_and_its_mirror_image(
    classifier: EmotionClassifier, crops: list[NDArray[np.uint8]]
) -> None:
    start, _ = play_file(Pipeline(classifier), MEDIA / "faces" / "luciano.png")
    face, mirrored = crops
    assert (face[:, ::-1] == mirrored).all()
    assert list(start.scores.values()) == pytest.approx(classifier.classify([face, mirrored]).mean(axis=0).tolist())


def test_faces_of_a_video_are_classified_as_they_are_and_mirrored_in_turns(
    classifier: EmotionClassifier, crops: list[NDArray[np.uint8]]
) -> None:
    play(Pipeline(classifier), [scene(Face("astronaut.png", 320, 240, 100))] * 60)
    face, mirrored, *others = crops
    assert (face[:, ::-1] == mirrored).all()
    assert len(others) > 10
    # The box of a face that does not move still varies by pixels.
    distances = [[float(cv2.norm(crop, view)) for view in (face, mirrored)] for crop in others]
    assert [int(np.argmin(pair)) for pair in distances] == [number % 2 for number in range(len(others))]


# --- options and stages


def test_adjusted_options_apply_from_the_next_frame_on_and_tracks_continue(
    classifier: EmotionClassifier, classified: list[int]
) -> None:
    pipeline, picture = Pipeline(classifier, PipelineOptions(rate=1)), scene(Face("luciano.png", 300, 240, 100))
    play(pipeline, [picture] * 30)
    calls = len(classified)
    pipeline.adjust(PipelineOptions(rate=30, min_face=0.1))
    assert play(pipeline, [picture] * 30, start=1.0) == []
    assert calls <= 3
    assert len(classified) - calls >= 25
    assert pipeline.options == PipelineOptions(rate=30, min_face=0.1)


def test_both_stages_are_measured_once_in_every_frame_of_a_video(classifier: EmotionClassifier) -> None:
    stages: list[str] = []

    @contextmanager
    def measure(stage: str) -> Iterator[None]:
        yield
        stages.append(stage)

    play(Pipeline(classifier, measure=measure), [scene(Face("luciano.png", 300, 240, 100))] * 12)
    assert stages == ["find", "classify"] * 12
