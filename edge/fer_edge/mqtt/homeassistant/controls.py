"""The entities that control the device: a switch, numbers, buttons, and a picture on request."""

from __future__ import annotations

from typing import Any

from fer_edge.events import encode
from fer_edge.mqtt.run_settings import OPTIONS, describe_range
from fer_edge.mqtt.topics import IMAGE

PERCENT = 100  # in Home Assistant a fraction is a percentage


def control_entities(topic: str, *, snapshots: bool) -> dict[str, dict[str, Any]]:
    """The controls.

    Args:
        topic: Topic under which the topics of the device lie.
        snapshots: Whether the owner allows pictures to be published.
    """
    return {
        "paused": _pause_switch(topic),
        **_numbers(topic),
        "restart": {**_button(topic, "restart", "Restart"), "device_class": "restart", "entity_category": "config"},
        "reset": {
            **_button(topic, "reset", "Reset settings"),
            "icon": "mdi:cog-counterclockwise",
            "entity_category": "config",
        },
        **(_snapshot_entities(topic) if snapshots else {}),
    }


def _pause_switch(topic: str) -> dict[str, Any]:
    return {
        "platform": "switch",
        "name": "Paused",
        "icon": "mdi:pause",
        "command_topic": f"{topic}/cmd/pause",
        "payload_on": encode({"paused": True}),
        "payload_off": encode({"paused": False}),
        "state_topic": f"{topic}/state",
        "state_on": "true",
        "state_off": "false",
        "value_template": "{{ value_json.paused | tojson }}",
    }


def _numbers(topic: str) -> dict[str, dict[str, Any]]:
    return {
        "min_score": {
            **_percentage(topic, "min_score", step=1.0),
            "name": "Minimum score",
            "icon": "mdi:percent",
            "mode": "slider",
        },
        "min_face": {
            **_percentage(topic, "min_face", step=0.1),
            "name": "Smallest face",
            "icon": "mdi:arrow-expand-vertical",
            "mode": "box",
        },
        "rate": {
            **_number(topic, "rate", step=0.1),
            "name": "Classification rate",
            "icon": "mdi:speedometer",
            "unit_of_measurement": "Hz",
            "mode": "box",
        },
    }


def _number(topic: str, option: str, step: float, scale: float = 1.0) -> dict[str, Any]:
    """A number in units of 1 / `scale` of the option; `step` in its own units."""
    lowest, highest = describe_range(OPTIONS[option], step / scale)
    scaled = f"(value_json.{option} * {scale:g}) | round(2) if value_json.{option} is number else None"
    return {
        "platform": "number",
        "entity_category": "config",
        "min": round(lowest * scale, 3),
        "max": round(highest * scale, 3),
        "step": step,
        "command_topic": f"{topic}/cmd/set",
        "command_template": f'{{"{option}": {{{{ (value / {scale:g}) | round(5) }}}}}}',
        "state_topic": f"{topic}/settings",
        "value_template": f"{{{{ {scaled} }}}}",
    }


def _percentage(topic: str, option: str, step: float) -> dict[str, Any]:
    return {**_number(topic, option, step, PERCENT), "unit_of_measurement": "%"}


def _button(topic: str, command: str, name: str, **request: Any) -> dict[str, Any]:
    return {
        "platform": "button",
        "name": name,
        "command_topic": f"{topic}/cmd/{command}",
        "payload_press": encode(request),
    }


def _snapshot_entities(topic: str) -> dict[str, dict[str, Any]]:
    return {
        "take_snapshot": {**_button(topic, "snapshot", "Take snapshot", image=True), "icon": "mdi:camera"},
        "snapshot": {
            "platform": "image",
            "name": "Snapshot",
            "image_topic": f"{topic}/{IMAGE}",
            "image_encoding": "b64",
            "content_type": "image/jpeg",
        },
    }
