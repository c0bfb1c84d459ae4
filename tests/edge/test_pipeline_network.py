"""The pipeline with the daemon's default detectors; `test_pipeline` tests it with the Haar cascade alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.events import FPS, kinds, play, play_file
from tests.support.media import HEAD, WALK
from tests.support.scenes import PORTRAITS, Face, read_grey, scene

from fer_edge.cameras.factory import open_source
from fer_edge.cameras.frame import Frame
from fer_edge.config.model import HAAR
from fer_edge.detection.base import Detectors
from fer_edge.events import Event, MessageBuilder, encode
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.detectors import open_detectors
from fer_edge.pipeline import Pipeline

FRAMES = 60
DARK = 0.1  # of the light

Open = Callable[[], Pipeline]
# The events of the clips with the cascade alone, as they were before there was a face network.
HAAR_EVENTS = {
    WALK: [(1, "start", 3), (2, "start", 29), (1, "end", 40), (2, "end", 40)],
    HEAD: [(1, "start", 8), (1, "end", 22)],
}


@pytest.fixture
def pipeline(classifier: EmotionClassifier, detectors: Detectors) -> Pipeline:
    return Pipeline(classifier, detectors=detectors)


@pytest.fixture
def open_pipeline(classifier: EmotionClassifier, detectors: Detectors) -> Open:
    return lambda: Pipeline(classifier, detectors=detectors)


# --- turned faces


@pytest.mark.parametrize("angle", [-45, -30, -20, 20, 30, 45])
@pytest.mark.parametrize("name", PORTRAITS)
def test_a_turned_face_is_found_as_one_track(pipeline: Pipeline, name: str, angle: int) -> None:
    face = Face(name, 320, 240, 110, angle)
    events = play(pipeline, [scene(face)] * FRAMES)
    assert kinds([event for event in events if event.type != "update"]) == [("start", 1)]
    (tracked,) = pipeline.tracked_faces
    assert tracked.box.iou(face.box) > 0.5
    assert tracked.angle == pytest.approx(angle, abs=15)


@pytest.mark.parametrize("angle", [-45, -30, -20, 20, 30, 45])
@pytest.mark.parametrize(
    ("name", "emotion"),
    [("astronaut.png", "happy"), ("bryan.png", "happy"), ("luciano.png", "neutral"), ("grace_hopper.bmp", "neutral")],
)
def test_a_turned_face_has_the_emotion_of_the_upright_one(
    pipeline: Pipeline, name: str, emotion: str, angle: int
) -> None:
    for tilt in (0, angle):
        play(pipeline, [scene(Face(name, 320, 240, 110, tilt))] * FRAMES)
        assert pipeline.dominant_emotion == emotion
        pipeline.finish()


def test_the_face_of_a_turned_still_picture_is_found_with_its_angle(pipeline: Pipeline) -> None:
    for angle in (0, 30):
        picture = scene(Face("astronaut.png", 320, 240, 110, angle))
        start, end = pipeline.step(Frame(picture, 0.0, 0, still=True))
        assert (start.type, start.emotion, end.type) == ("start", "happy", "end")
        assert [face.angle for face in pipeline.tracked_faces] == [pytest.approx(angle, abs=10)]


# --- dark scenes


def darkened(picture: NDArray[np.uint8], seed: int = 0) -> NDArray[np.uint8]:
    """A picture at a tenth of its light, with the noise of a sensor."""
    noise = np.random.default_rng(seed).normal(0, 1, picture.shape)
    return (DARK * picture + noise).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", PORTRAITS)
def test_a_face_in_the_dark_is_found_as_one_track(pipeline: Pipeline, name: str) -> None:
    face = Face(name, 320, 240, 110)
    events = play(pipeline, (darkened(scene(face), seed) for seed in range(FRAMES)))
    assert kinds([event for event in events if event.type != "update"]) == [("start", 1)]
    assert pipeline.tracked_faces[0].box.iou(face.box) > 0.5


def test_a_face_in_the_dark_has_its_emotion(pipeline: Pipeline) -> None:
    picture = scene(Face("astronaut.png", 320, 240, 110))
    start, _ = pipeline.step(Frame(darkened(picture), 0.0, 0, still=True))
    assert start.emotion == "happy"
    play(pipeline, (darkened(picture, seed) for seed in range(FRAMES)), start=1.0)
    assert pipeline.dominant_emotion == "happy"


def test_a_light_that_is_switched_off_and_on_does_not_end_a_track(pipeline: Pipeline) -> None:
    bright = scene(Face("luciano.png", 320, 240, 110))
    dark = [darkened(bright, seed) for seed in range(45)]
    events = play(pipeline, [*[bright] * 45, *dark, *[bright] * 45])
    assert [event.type for event in events if event.type != "update"] == ["start"]


# --- scenes without a face


@pytest.mark.parametrize("light", [1.0, DARK])
def test_nothing_is_reported_in_a_picture_without_a_face(open_pipeline: Open, light: float) -> None:
    picture = (light * read_grey("no_face.png")).astype(np.uint8)
    assert open_pipeline().step(Frame(picture, 0.0, 0, still=True)) == []
    assert play(open_pipeline(), [picture] * FRAMES) == []
    assert play(open_pipeline(), (np.roll(picture, 3 * number, axis=1) for number in range(FRAMES))) == []


def test_nothing_is_reported_outdoors(open_pipeline: Open) -> None:
    """Lawn and buildings, as in tests/benchmarks/sequences.py, still and with the noise of a sensor."""
    picture = cv2.resize(read_grey("no_face.png")[110:494], (640, 480), interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(0)
    noisy = (picture + noise.normal(0, 3, picture.shape) for _ in range(2 * FRAMES))
    assert play(open_pipeline(), [np.asarray(picture, np.uint8)] * 2 * FRAMES) == []
    assert play(open_pipeline(), (frame.clip(0, 255).astype(np.uint8) for frame in noisy)) == []


@pytest.mark.parametrize("background", [0, 120, 255])
def test_nothing_is_reported_in_a_noisy_uniform_scene(pipeline: Pipeline, background: int) -> None:
    noise = np.random.default_rng(0)
    frames = (scene(background=background) + noise.normal(0, 6, (480, 640)) for _ in range(FRAMES))
    assert play(pipeline, (frame.clip(0, 255).astype(np.uint8) for frame in frames)) == []


# --- clips


def test_each_of_the_three_walkers_is_one_track_and_starts_within_15_frames(pipeline: Pipeline) -> None:
    events = play_file(pipeline, WALK)
    starts = [event for event in events if event.type == "start"]
    assert kinds(starts) == [("start", 1), ("start", 2), ("start", 3)]
    assert max(event.frame[2] for event in starts) < 15
    assert sorted(event.track for event in events if event.type == "end") == [1, 2, 3]


@pytest.mark.parametrize("seed", range(4))
def test_the_walkers_are_found_whatever_the_decoder_rounds_differently(pipeline: Pipeline, seed: int) -> None:
    rounding = np.random.default_rng(seed)
    events: list[Event] = []
    for frame in open_source(str(WALK)):
        noisy = (frame.grey + rounding.integers(-4, 5, frame.grey.shape)).clip(0, 255).astype(np.uint8)
        events += pipeline.step(Frame(noisy, frame.time, frame.number))
    starts = [event for event in events if event.type == "start"]
    assert max(event.frame[2] for event in starts) < 15
    lefts = sorted(event.box[0] for event in starts)
    assert lefts == pytest.approx([0.16, 0.43, 0.67], abs=0.06)
    assert [event.track for event in pipeline.finish()] == [1, 2, 3]


def test_a_turning_head_is_one_track(pipeline: Pipeline) -> None:
    events = play_file(pipeline, HEAD)
    assert {event.track for event in events} == {1}
    assert [event.type for event in events][:: len(events) - 1] == ["start", "end"]


def test_the_same_frames_give_the_same_messages_byte_for_byte(open_pipeline: Open) -> None:
    def messages(path: Path) -> list[str]:
        builder = MessageBuilder("cam", "boot", lambda time: time, lambda: True)
        return [encode(builder.message(event)) for event in play_file(open_pipeline(), path)]

    for path in (WALK, HEAD):
        first = messages(path)
        assert len(first) >= 2
        assert messages(path) == first


@pytest.mark.parametrize("path", HAAR_EVENTS, ids=lambda path: path.stem)
def test_the_tracks_of_the_cascade_alone_are_as_before(classifier: EmotionClassifier, path: Path) -> None:
    pipeline = Pipeline(classifier, detectors=open_detectors(HAAR)[0])
    events = [event for event in play_file(pipeline, path) if event.type != "update"]
    assert [(event.track, event.type, event.frame[2]) for event in events] == HAAR_EVENTS[path]


# --- emotions


def portrait_frames(name: str) -> list[NDArray[np.uint8]]:
    """Two seconds of a portrait, at 30 frames a second, with the noise of a sensor."""
    picture, noise = scene(Face(name, 320, 240, 60)), np.random.default_rng(1)
    return [(picture + noise.normal(0, 2, picture.shape)).clip(0, 255).astype(np.uint8) for _ in range(FRAMES)]


def longest_wrong_answer(pipeline: Pipeline, frames: Iterable[Frame], emotion: str) -> float:
    """Seconds, the longest in which the dominant face has an emotion, and it is another one."""
    longest, since = 0.0, None
    for frame in frames:
        pipeline.step(frame)
        wrong = pipeline.dominant_emotion not in {None, emotion}
        since = (frame.time if since is None else since) if wrong else None
        longest = max(longest, 0.0 if since is None else frame.time - since)
    return longest


@pytest.mark.parametrize(
    ("name", "emotion"),
    [("astronaut.png", "happy"), ("bryan.png", "happy"), ("happy-baby.jpeg", "happy"), ("angry.jpg", "angry")],
)
def test_a_clear_expression_is_named_and_never_a_wrong_one_for_a_second(
    pipeline: Pipeline, name: str, emotion: str
) -> None:
    frames = [Frame(picture, number / FPS, number) for number, picture in enumerate(portrait_frames(name))]
    assert longest_wrong_answer(pipeline, frames, emotion) < 1.0
    assert pipeline.dominant_emotion == emotion


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_neutral_head_that_turns_never_has_a_wrong_emotion_for_a_second(pipeline: Pipeline, mirrored: bool) -> None:
    frames = [
        replace(frame, grey=np.ascontiguousarray(frame.grey[:, :: -1 if mirrored else 1]))
        for frame in open_source(str(HEAD))
    ]
    assert longest_wrong_answer(pipeline, frames, "neutral") < 1.0


def test_a_clip_has_a_face_in_every_frame_once_it_was_found(pipeline: Pipeline) -> None:
    counts = []
    for frame in open_source(str(HEAD)):
        pipeline.step(frame)
        counts.append(pipeline.face_count)
    first = counts.index(1)
    assert counts == [0] * first + [1] * (len(counts) - first)
