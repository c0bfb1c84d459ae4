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

MINUTE_SCHEMA, MOOD_SCHEMA = (json.loads((SCHEMAS / f"{topic}.json").read_text()) for topic in ("minute", "mood"))
EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "unsure", "nobody")


def published(file: Path, topic: str) -> list[dict[str, Any]]:
    return [json.loads(payload) for found, payload in read_messages(file) if found == f"fer/cam/{topic}"]


def run_clip(broker: Mosquitto, *flags: str | Path) -> int:
    return run("fer_edge", "--camera", WALK, "--mqtt", broker.url, "--device", "cam", "--model", "nano", *flags).code


def test_what_the_broker_misses_is_delivered_by_the_next_run_and_is_the_same_for_the_same_clip(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    outbox, config = tmp_path / "outbox.sqlite", tmp_path / "config.toml"
    rules = (f'[[moods]]\nname = "{name} now"\nemotion = "{name}"\nseconds = 0.2\n' for name in EMOTIONS)
    config.write_text("\n".join(rules))
    mosquitto.stop()
    assert run_clip(mosquitto, "--outbox", outbox, "--config", config) == 1
    mosquitto.start()
    messages = mosquitto.subscribe()
    assert run_clip(mosquitto, "--outbox", outbox, "--config", config) == 0
    wait_until(lambda: ("fer/cam/status", "offline") in read_messages(messages))
    events, minutes, moods = (published(messages, topic) for topic in ("event", "minute", "mood"))
    for message, schema in (*((one, MINUTE_SCHEMA) for one in minutes), *((one, MOOD_SCHEMA) for one in moods)):
        jsonschema.validate(message, schema, format_checker=jsonschema.FormatChecker())
    ids = [message["id"] for message in (*events, *minutes, *moods)]
    assert len(set(ids)) == len(ids)
    assert published(messages, "info")[-1]["moods"] == [f"{name} now" for name in EMOTIONS]
    boots = list(dict.fromkeys(event["boot"] for event in events))
    first, second = (summarise(boot, minutes, moods) for boot in boots)
    assert first == second
    assert first["face_s"] > 0
    assert first["moods"]
    for states in first["moods"].values():
        assert states == ["start", "end"] * (len(states) // 2)


def summarise(boot: str, minutes: list[dict[str, Any]], moods: list[dict[str, Any]]) -> dict[str, Any]:
    """What a run has reported, whether or not a minute of the wall clock has ended during the clip."""
    minutes, moods = ([message for message in some if message["boot"] == boot] for some in (minutes, moods))
    assert [mood["seq"] for mood in moods] == list(range(len(moods)))
    return {
        "face_s": round(sum(minute["face_s"] for minute in minutes), 1),
        "observed_s": round(sum(minute["observed_s"] for minute in minutes), 1),
        "moods": {mood["name"]: [m["state"] for m in moods if m["name"] == mood["name"]] for mood in moods},
        "durations": [mood["duration_s"] for mood in moods],
    }


def test_minutes_can_be_switched_off_and_pictures_have_none(mosquitto: Mosquitto) -> None:
    messages = mosquitto.subscribe()
    assert run_clip(mosquitto, "--no-minutes") == 0
    picture = MEDIA / "faces" / "bryan.png"
    flags = ("--mqtt", mosquitto.url, "--device", "cam", "--model", "nano")
    assert run("fer_edge", "--camera", picture, *flags).code == 0
    wait_until(lambda: read_messages(messages).count(("fer/cam/status", "offline")) == 2)
    assert published(messages, "event")
    assert not published(messages, "minute")
