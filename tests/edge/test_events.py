"""The messages of events, and the schema that they have to satisfy."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

import jsonschema
import pytest

from fer_edge.events import SCHEMA_FILE, Event, MessageBuilder, encode, rfc3339

SCHEMA = json.loads(SCHEMA_FILE.read_text())
START = Event(
    type="start",
    time=2.5,
    track=1,
    emotion="happy",
    scores={"happy": 0.75, "sad": 0.25},
    previous=None,
    box=(0.1, 0.2, 0.3, 0.4),
    frame=(640, 480, 31),
)
UPDATE = dataclasses.replace(START, type="update", emotion="sad", previous="happy")
UNSURE = dataclasses.replace(UPDATE, emotion=None)
SURE = dataclasses.replace(UPDATE, previous=None)
OWN_LABELS = dataclasses.replace(START, emotion="awake", scores={"awake": 0.75, "asleep": 0.25})
END = dataclasses.replace(START, type="end", duration=1.25)


def make_builder(*, synced: bool = True) -> MessageBuilder:
    return MessageBuilder("porch", "b00t", lambda time: 1_700_000_000 + time, lambda: synced)


def validate(message: dict[str, Any]) -> None:
    jsonschema.validate(message, SCHEMA, format_checker=jsonschema.FormatChecker())


def test_the_schema_is_a_valid_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("event", [START, UPDATE, END, UNSURE, SURE, OWN_LABELS])
def test_every_type_of_event_satisfies_the_schema(event: Event) -> None:
    validate(json.loads(encode(make_builder().message(event))))


def test_a_message_has_every_field() -> None:
    assert make_builder(synced=False).message(END) == {
        "schema": 2,
        "id": "b00t-0",
        "boot": "b00t",
        "seq": 0,
        "device": "porch",
        "type": "end",
        "ts": "2023-11-14T22:13:22.500Z",
        "clock_synced": False,
        "track": 1,
        "emotion": "happy",
        "score": 0.75,
        "scores": {"happy": 0.75, "sad": 0.25},
        "previous": None,
        "valence": 0.45,
        "arousal": 0.32,
        "box": [0.1, 0.2, 0.3, 0.4],
        "frame": {"width": 640, "height": 480, "number": 31},
        "duration_s": 1.25,
    }


def test_the_event_of_a_picture_names_its_file() -> None:
    message = make_builder().message(dataclasses.replace(START, file="Zoë.jpg"))
    assert message["frame"] == {"width": 640, "height": 480, "number": START.frame[2], "file": "Zoë.jpg"}
    validate(json.loads(encode(message)))
    with pytest.raises(jsonschema.ValidationError):
        validate({**message, "frame": {**message["frame"], "file": ""}})


def test_messages_are_numbered_and_have_different_ids() -> None:
    builder = make_builder()
    messages = [builder.message(event) for event in (START, UPDATE, END)]
    assert [message["seq"] for message in messages] == [0, 1, 2]
    assert len({message["id"] for message in messages}) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 1},
        {"type": "stop"},
        {"ts": "2023-11-14 22:13:22"},
        {"ts": "2023-13-14T22:13:22.500Z"},
        {"device": "a/b"},
        {"score": 1.5},
        {"box": [0, 0, 1]},
        {"picture": "..."},
        {"duration_s": 1},
        {"previous": "sad"},
        {"emotion": ""},
        {"valence": -1.1},
        {"track": 0},
    ],
)
def test_the_schema_rejects_a_message_that_violates_the_contract(change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validate({**make_builder().message(START), **change})


@pytest.mark.parametrize("missing", ["id", "seq", "ts", "track", "emotion", "scores", "previous", "box", "frame"])
def test_the_schema_requires_every_field(missing: str) -> None:
    message = make_builder().message(START)
    del message[missing]
    with pytest.raises(jsonschema.ValidationError):
        validate(message)


def test_without_a_certain_emotion_the_score_is_the_highest_one() -> None:
    message = make_builder().message(UNSURE)
    assert (message["emotion"], message["score"], message["previous"]) == (None, 0.75, "happy")


def test_events_with_own_labels_have_no_valence() -> None:
    assert {"valence", "arousal"}.isdisjoint(make_builder().message(OWN_LABELS))


def test_an_update_needs_an_emotion_before_or_after_it_and_an_end_its_duration() -> None:
    for event, key, value in ((SURE, "emotion", None), (UNSURE, "previous", None), (END, "duration_s", -1)):
        with pytest.raises(jsonschema.ValidationError):
            validate({**make_builder().message(event), key: value})


def test_labels_in_any_language_are_encoded_readably_on_one_line() -> None:
    event = dataclasses.replace(START, emotion="fröhlich\n", scores={"fröhlich\n": 0.9, "悲しい": 0.1})
    line = encode(make_builder().message(event))
    assert "\n" not in line
    assert "悲しい" in line
    validate(json.loads(line))


def test_times_are_in_utc_to_the_millisecond() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00.000Z"
    assert rfc3339(1_700_000_000.9996) == "2023-11-14T22:13:20.999Z"


def test_a_message_with_a_file_name_that_is_not_utf_8_can_be_sent() -> None:
    assert encode({"camera": os.fsdecode(b"k\xc3\xbcche-\xff.png")}).encode() == '{"camera":"küche-?.png"}'.encode()
