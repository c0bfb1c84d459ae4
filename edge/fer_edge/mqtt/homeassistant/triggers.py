"""Event entities, and triggers of the device for automations: what happens to faces and moods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fer_edge.mqtt.homeassistant.names import name_key, quoted
from fer_edge.mqtt.topics import EVENT, MOOD


def event_entities(topic: str, moods: Sequence[str]) -> dict[str, dict[str, Any]]:
    """An event entity for faces, and one for moods if there are any.

    Args:
        topic: Topic under which the topics of the device lie.
        moods: Names of the moods.
    """
    face = {
        "platform": "event",
        "name": "Face",
        "icon": "mdi:face-recognition",
        "state_topic": f"{topic}/{EVENT}",
        "event_types": ["start", "update", "end"],
        "value_template": "{{ dict(value_json, event_type=value_json.type) | tojson }}",
    }
    mood = {
        "platform": "event",
        "name": "Mood",
        "icon": "mdi:emoticon-happy-outline",
        "state_topic": f"{topic}/{MOOD}",
        "event_types": ["start", "end"],
        "value_template": "{{ dict(value_json, event_type=value_json.state, mood=value_json.name) | tojson }}",
    }
    return {"face": face, **({"mood": mood} if moods else {})}


def device_triggers(topic: str, moods: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The triggers; Home Assistant lists each as its subtype in quotes, and its type: "Face" appeared.

    Args:
        topic: Topic under which the topics of the device lie.
        moods: Names of the moods.
    """
    event, mood = f"{topic}/{EVENT}", f"{topic}/{MOOD}"
    triggers = {
        "face_start": _trigger(event, "Face", "appeared", "value_json.type", "start"),
        "face_end": _trigger(event, "Face", "disappeared", "value_json.type", "end"),
    }
    for name in moods:
        state = f"value_json.state if value_json.name == {quoted(name)}"
        triggers[name_key("mood_start", name)] = _trigger(mood, name, "mood started", state, "start")
        triggers[name_key("mood_end", name)] = _trigger(mood, name, "mood ended", state, "end")
    return triggers


def _trigger(topic: str, subtype: str, kind: str, expression: str, payload: str) -> dict[str, Any]:
    return {
        "platform": "device_automation",
        "automation_type": "trigger",
        "topic": topic,
        "subtype": subtype,
        "type": kind,
        "value_template": f"{{{{ {expression} }}}}",
        "payload": payload,
        "qos": 1,
    }
