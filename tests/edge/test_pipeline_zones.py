"""Clips and pictures with zones, through the real detectors: what is ignored, and which zone a face belongs to."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import pytest
from jsonschema import Draft202012Validator
from tests.support.events import FPS, play
from tests.support.media import MEDIA, WALK
from tests.support.processes import run
from tests.support.scenes import Face, read_grey, scene

from fer_edge.cameras.factory import open_source
from fer_edge.cameras.frame import Frame
from fer_edge.config.model import DETECTORS, PipelineOptions
from fer_edge.detection.base import Detectors
from fer_edge.events import SCHEMA_FILE, Event, MessageBuilder
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.detectors import open_detectors
from fer_edge.pipeline import Pipeline
from fer_edge.zones import Zone

POSTER = Zone("poster", ((0.75, 0), (1, 0), (1, 0.42), (0.75, 0.42)), ignored=True)
LEFT, RIGHT = Zone("left", ((0, 0), (0.5, 0), (0.5, 1), (0, 1))), Zone("right", ((0.5, 0), (1, 0), (1, 1), (0.5, 1)))
IGNORED_RIGHT = replace(RIGHT, ignored=True)
CROSSING = [*range(100, 541, 9), *[540] * (FPS // 2)]  # x of the centre of a face in each frame, pixels of 640


@pytest.fixture(params=DETECTORS)
def each_detector(request: pytest.FixtureRequest) -> Detectors:
    return open_detectors(request.param)[0]


def open_pipeline(classifier: EmotionClassifier, detectors: Detectors | None, *zones: Zone) -> Pipeline:
    return Pipeline(classifier, PipelineOptions(min_face=0.1, zones=zones), detectors=detectors)


def with_poster() -> Iterator[Frame]:
    """The clip of the walking persons, with a portrait in its upper right corner."""
    poster = cv2.resize(read_grey("faces/astronaut.png"), (110, 110), interpolation=cv2.INTER_AREA)
    for frame in open_source(str(WALK)):
        grey = frame.grey.copy()
        grey[:110, -110:] = poster
        yield replace(frame, grey=grey)


def events_of(pipeline: Pipeline, frames: Iterable[Frame]) -> list[Event]:
    return [event for frame in frames for event in pipeline.step(frame)] + pipeline.finish()


def is_poster(event: Event) -> bool:
    x, y, w, h = event.box
    return POSTER.contains(x + w / 2, y + h / 2)


@pytest.fixture(scope="module")
def crossing() -> list[Frame]:
    """A face that crosses the frame from left to right and stays there for half a second."""
    pictures = [scene(Face("astronaut.png", x, 240, 90)) for x in CROSSING]
    return [Frame(picture, number / FPS, number) for number, picture in enumerate(pictures)]


def test_a_poster_in_an_ignored_zone_gives_no_event_and_everybody_else_does(
    classifier: EmotionClassifier, each_detector: Detectors
) -> None:
    everything = events_of(open_pipeline(classifier, each_detector), with_poster())
    assert any(is_poster(event) for event in everything)
    watched = events_of(open_pipeline(classifier, each_detector, POSTER), with_poster())
    assert not any(is_poster(event) for event in watched)
    starts = [[event.box for event in events if event.type == "start"] for events in (everything, watched)]
    assert len(starts[1]) == len(starts[0]) - 1
    assert {event.zone for event in watched} == {""}


def test_the_poster_is_never_classified(
    classifier: EmotionClassifier, detectors: Detectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    classified: list[int] = []
    classify = classifier.classify
    monkeypatch.setattr(classifier, "classify", lambda crops: classified.append(len(crops)) or classify(crops))
    pipeline = open_pipeline(classifier, detectors, POSTER)
    assert play(pipeline, [scene(Face("luciano.png", 560, 100, 80))] * 40) == []
    assert classified == []
    pipeline.adjust(replace(pipeline.options, zones=()))  # as a page that edits the zones would
    assert [event.type for event in play(pipeline, [scene(Face("luciano.png", 560, 100, 80))] * 20, start=2.0)] == [
        "start"
    ]


def test_a_face_that_moves_into_an_ignored_zone_ends_as_if_it_had_left_the_frame(
    classifier: EmotionClassifier, each_detector: Detectors, crossing: list[Frame]
) -> None:
    pipeline = open_pipeline(classifier, each_detector, LEFT, IGNORED_RIGHT)
    counts, events = [], []
    for frame in crossing:
        events += pipeline.step(frame)
        counts.append(pipeline.face_count)
    assert [event.type for event in events if event.type != "update"] == ["start", "end"]
    assert {event.zone for event in events} == {"left"}
    assert all(event.box[0] + event.box[2] / 2 < 0.5 for event in events)
    entered = next(number for number, x in enumerate(CROSSING) if x >= 320)
    assert counts[entered - 3] == 1
    assert set(counts[entered + 6 :]) == {0}


def test_a_face_that_crosses_into_another_zone_gives_no_event_and_the_state_and_the_next_event_have_the_new_one(
    classifier: EmotionClassifier, each_detector: Detectors, crossing: list[Frame]
) -> None:
    pipeline = open_pipeline(classifier, each_detector, LEFT, RIGHT)
    assert pipeline.zone_state == {"zone": None, "zones": {"left": 0, "right": 0}}
    states, events = [], []
    for frame in crossing:
        events += pipeline.step(frame)
        states.append(pipeline.zone_state)
    assert {event.type for event in events} <= {"start", "update"}
    assert events[0].zone == "left"
    assert states[20] == {"zone": "left", "zones": {"left": 1, "right": 0}}
    assert states[-1] == {"zone": "right", "zones": {"left": 0, "right": 1}}
    (end,) = pipeline.finish()
    assert (end.type, end.track, end.zone) == ("end", events[0].track, "right")


def test_a_face_on_the_border_of_a_zone_does_not_make_the_state_flicker(classifier: EmotionClassifier) -> None:
    pipeline, states = open_pipeline(classifier, None, LEFT, RIGHT), []
    for number in range(2 * FPS):
        picture = scene(Face("astronaut.png", 320 + 5 * math.sin(number), 240, 90))
        pipeline.step(Frame(picture, number / FPS, number))
        states.append(pipeline.zone_state["zone"])
    assert sum(state != after for state, after in pairwise(states)) <= 2
    assert states[-1] in {"left", "right"}


def test_faces_of_a_picture_are_ignored_too_and_the_others_have_their_zones(
    classifier: EmotionClassifier, each_detector: Detectors
) -> None:
    picture = scene(Face("astronaut.png", 160, 240, 90), Face("luciano.png", 480, 240, 90))
    still = Frame(picture, 0.0, 0, still=True)
    both = events_of(open_pipeline(classifier, each_detector, LEFT), [still])
    assert sorted(event.zone or "" for event in both if event.type == "start") == ["", "left"]
    one = events_of(open_pipeline(classifier, each_detector, LEFT, IGNORED_RIGHT), [still])
    assert [(event.type, event.zone) for event in one] == [("start", "left"), ("end", "left")]


def test_messages_name_the_zone_only_if_zones_are_configured(classifier: EmotionClassifier) -> None:
    still = Frame(scene(Face("astronaut.png", 160, 240, 90)), 0.0, 0, still=True)
    builder = MessageBuilder("cam", "boot", lambda time: time, lambda: True)
    schema = Draft202012Validator(json.loads(SCHEMA_FILE.read_text()))
    for zones, expected in (((), {}), ((LEFT,), {"zone": "left"}), ((RIGHT,), {"zone": None})):
        pipeline = open_pipeline(classifier, None, *zones)
        messages = [builder.message(event) for event in events_of(pipeline, [still])]
        assert [{key: value for key, value in one.items() if key == "zone"} for one in messages] == [expected] * 2
        assert all(schema.is_valid(message) for message in messages)
        assert bool(pipeline.zone_state) == bool(zones)


def test_the_zones_of_the_file_reach_the_printed_events(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[[zones]]\nname = "Küche"\nbox = [0, 0, 1, 1]\n')
    picture = MEDIA / "faces" / "bryan.png"
    done = run("fer_edge", "--config", tmp_path / "config.toml", "--camera", picture, "--print")
    assert [event["zone"] for event in done.events] == ["Küche", "Küche"]
