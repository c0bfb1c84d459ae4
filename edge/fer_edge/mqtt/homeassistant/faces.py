"""The entities of the faces now, from the message `state`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fer_edge.affect import AXES, has_affect
from fer_edge.mqtt.homeassistant.names import name_key, quoted

AXIS_ICONS = {"valence": "mdi:thumbs-up-down-outline", "arousal": "mdi:pulse"}
MEASUREMENT = {"platform": "sensor", "state_class": "measurement"}
PERCENTAGE = {**MEASUREMENT, "unit_of_measurement": "%", "icon": "mdi:percent"}
FACES = {**MEASUREMENT, "icon": "mdi:account-multiple"}


def face_entities(topic: str, labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The entities of the dominant face and of the number of faces.

    Args:
        topic: Topic under which the topics of the device lie.
        labels: The emotions that the model knows.
    """
    entities: dict[str, dict[str, Any]] = {
        "emotion": {
            "platform": "sensor",
            "name": "Emotion",
            "icon": "mdi:emoticon-outline",
            "device_class": "enum",
            "options": list(labels),
            "value_template": "{{ value_json.emotion }}",
        },
        "faces": {**FACES, "name": "Faces", "value_template": "{{ value_json.faces }}"},
        "occupancy": _occupancy("Occupancy", "value_json.faces"),
        "confidence": {
            **PERCENTAGE,
            "name": "Confidence",
            "value_template": "{{ (value_json.score * 100) | round(1) if value_json.score is number else None }}",
        },
        **(_affect_entities() if has_affect(labels) else {}),
        **{name_key("score", label): _score(label) for label in labels},
    }
    return _of_state(topic, entities)


def zone_entities(topic: str, zones: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Whether there is a face in each zone, and how many.

    Args:
        topic: Topic under which the topics of the device lie.
        zones: Names of the zones that are not ignored.
    """
    entities = {}
    for zone in zones:
        count = f"value_json.zones[{quoted(zone)}]"
        entities[name_key("occupancy", zone)] = _occupancy(f"Occupancy {zone}", count)
        entities[name_key("faces", zone)] = {**FACES, "name": f"Faces {zone}", "value_template": f"{{{{ {count} }}}}"}
    return _of_state(topic, entities)


def _of_state(topic: str, entities: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {key: {**entity, "state_topic": f"{topic}/state"} for key, entity in entities.items()}


def _occupancy(name: str, count: str) -> dict[str, Any]:
    """Whether the expression `count` is above 0; unknown without frames: a face may still be there."""
    occupied = f"('ON' if {count} else 'OFF')"
    return {
        "platform": "binary_sensor",
        "name": name,
        "device_class": "occupancy",
        "value_template": f"{{{{ {occupied} if value_json.observing else None }}}}",
    }


def _affect_entities() -> dict[str, dict[str, Any]]:
    return {
        axis: {
            **MEASUREMENT,
            "name": axis.capitalize(),
            "icon": AXIS_ICONS[axis],
            "value_template": f"{{{{ value_json.{axis} }}}}",
        }
        for axis in AXES
    }


def _score(label: str) -> dict[str, Any]:
    percentage = f"(value_json.scores[{quoted(label)}] * 100) | round"
    return {
        **PERCENTAGE,
        "name": f"Score {label}",
        "enabled_by_default": False,
        "value_template": f"{{{{ {percentage} if value_json.scores else None }}}}",
    }
