"""How Home Assistant (2024.11 or later) gets to know this device: one retained message that describes its entities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fer_edge.events import encode
from fer_edge.mqtt.publisher import Publisher

STALE = 150  # seconds without `health`, which comes every 60 s, until what it told is unknown


def announce(publisher: Publisher, prefix: str, device: str, info: dict[str, Any]) -> None:
    """Keep `device` known to Home Assistant, and say it again when Home Assistant has come up. info: as in `info`."""
    topic = discovery_topic(prefix, device)

    def greet(_: str, payload: bytes, retained: bool) -> None:
        if payload == b"online" and not retained:  # a retained one is older than this connection, and so than our word
            publisher.send_again(topic)

    publisher.retain_at(topic, encode(discovery_message(publisher.topic, device, info)))
    publisher.subscribe(f"{prefix}/status", greet)


def discovery_topic(prefix: str, device: str) -> str:
    """Where the message for `device` is kept."""
    return f"{prefix}/device/{_identity(device)}/config"


def discovery_message(topic: str, device: str, info: dict[str, Any]) -> dict[str, Any]:
    """The message for `device`, whose own topics begin with `topic`. info: `version`, `model`, `labels`, as in `info`.

    Method: the device discovery of Home Assistant's MQTT integration.
    """
    identity = _identity(device)
    entities = {**_what_is_seen(topic, info["labels"]), **_pause(topic), **_how_it_runs(topic)}
    return {
        "device": {
            "identifiers": [identity],
            "name": device,
            "manufacturer": "fer-edge",
            "model": f"Expression sensor ({info['model']['name']})",
            "sw_version": info["version"],
        },
        "origin": {"name": "fer-edge", "sw_version": info["version"]},
        "availability_topic": f"{topic}/status",
        "components": {key: {"unique_id": f"{identity}-{key}", "qos": 1, **entity} for key, entity in entities.items()},
    }


def _identity(device: str) -> str:
    """What no other device has: a device's name has only the letters that Home Assistant allows (see parse_device)."""
    return f"fer-edge-{device}"


def _what_is_seen(topic: str, labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    state = {"platform": "sensor", "state_topic": f"{topic}/state"}
    return {
        "emotion": {
            **state,
            "name": "Emotion",
            "icon": "mdi:emoticon-outline",
            "device_class": "enum",
            "options": list(labels),
            "value_template": "{{ value_json.emotion }}",
        },
        "faces": {
            **state,
            "name": "Faces",
            "icon": "mdi:account-multiple",
            "state_class": "measurement",
            "value_template": "{{ value_json.faces }}",
        },
        "confidence": {
            **state,
            "name": "Confidence",
            "icon": "mdi:percent",
            "state_class": "measurement",
            "unit_of_measurement": "%",
            "value_template": "{{ (value_json.score * 100) | round(1) if value_json.score is number else None }}",
        },
        "face": {
            "platform": "event",
            "name": "Face",
            "icon": "mdi:face-recognition",
            "state_topic": f"{topic}/event",
            "event_types": ["start", "update", "end"],
            "value_template": "{{ dict(value_json, event_type=value_json.type) | tojson }}",
        },
    }


def _pause(topic: str) -> dict[str, dict[str, Any]]:
    return {
        "paused": {
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
    }


def _how_it_runs(topic: str) -> dict[str, dict[str, Any]]:
    diagnostic = {"platform": "sensor", "entity_category": "diagnostic"}
    health = {**diagnostic, "state_topic": f"{topic}/health", "expire_after": STALE, "state_class": "measurement"}
    return {
        "fps": {
            **health,
            "name": "Frame rate",
            "icon": "mdi:speedometer",
            "unit_of_measurement": "fps",
            "value_template": "{{ value_json.fps }}",
        },
        "latency": {
            **health,
            "name": "Latency",
            "device_class": "duration",
            "unit_of_measurement": "ms",
            "value_template": "{{ value_json.stages_ms.get('step', {}).get('p95') }}",
        },
        "temperature": {
            **health,
            "name": "Temperature",
            "device_class": "temperature",
            "unit_of_measurement": "°C",
            "value_template": "{{ value_json.temperature_c }}",
        },
        "lost": {
            **health,
            "name": "Lost events",
            "icon": "mdi:alert-circle-outline",
            "state_class": "total_increasing",
            "value_template": "{{ value_json.lost }}",
        },
        "accelerator": {
            **diagnostic,
            "name": "Accelerator",
            "icon": "mdi:chip",
            "state_topic": f"{topic}/info",
            "value_template": "{{ value_json.accelerator }}",
        },
    }
