"""The reports of real runs at a real broker: what they contain, and that none is lost while the broker is away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
from tests.support.media import MEDIA, WALK
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.processes import run
from tests.support.waiting import wait_until

from fer_edge.events import SCHEMAS

MINUTE_SCHEMA = json.loads((SCHEMAS / "minute.json").read_text())


def published(file: Path, topic: str) -> list[dict[str, Any]]:
    return [json.loads(payload) for found, payload in read_messages(file) if found == f"fer/cam/{topic}"]


def run_clip(broker: Mosquitto, *flags: str | Path) -> int:
    return run("fer_edge", "--camera", WALK, "--mqtt", broker.url, "--device", "cam", "--model", "nano", *flags).code


def test_the_minutes_of_a_clip_add_up_and_satisfy_the_schema(mosquitto: Mosquitto) -> None:
    messages = mosquitto.subscribe()
    assert run_clip(mosquitto) == 0
    wait_until(lambda: ("fer/cam/status", "offline") in read_messages(messages))
    minutes = published(messages, "minute")
    assert 1 <= len(minutes) <= 2
    for minute in minutes:
        jsonschema.validate(minute, MINUTE_SCHEMA, format_checker=jsonschema.FormatChecker())
    events = published(messages, "event")
    assert max(minute["most_faces"] for minute in minutes) >= 1
    assert {minute["boot"] for minute in minutes} == {events[0]["boot"]}
    ids = [message["id"] for message in (*events, *minutes)]
    assert len(set(ids)) == len(ids)
    face_seconds = sum(event["duration_s"] for event in events if event["type"] == "end")
    assert 0 < sum(minute["face_s"] for minute in minutes) <= face_seconds + 1.0 * len(events)


def test_a_minute_that_the_broker_misses_is_delivered_by_the_next_run(mosquitto: Mosquitto, tmp_path: Path) -> None:
    outbox = tmp_path / "outbox.sqlite"
    mosquitto.stop()
    assert run_clip(mosquitto, "--outbox", outbox) == 1
    mosquitto.start()
    messages = mosquitto.subscribe()
    assert run_clip(mosquitto, "--outbox", outbox) == 0
    wait_until(lambda: ("fer/cam/status", "offline") in read_messages(messages))
    boots = [minute["boot"] for minute in published(messages, "minute")]
    assert len(set(boots)) == 2


def test_minutes_can_be_switched_off_and_pictures_have_none(mosquitto: Mosquitto) -> None:
    messages = mosquitto.subscribe()
    assert run_clip(mosquitto, "--no-minutes") == 0
    picture = MEDIA / "faces" / "bryan.png"
    flags = ("--mqtt", mosquitto.url, "--device", "cam", "--model", "nano")
    assert run("fer_edge", "--camera", picture, *flags).code == 0
    wait_until(lambda: read_messages(messages).count(("fer/cam/status", "offline")) == 2)
    assert published(messages, "event")
    assert not published(messages, "minute")
