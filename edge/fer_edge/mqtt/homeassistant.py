"""Home Assistant (2024.11 or later) discovers the device by one retained message that describes its entities."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from fer_edge.affect import AXES, has_affect
from fer_edge.events import encode
from fer_edge.mqtt.publisher import Publisher
from fer_edge.mqtt.topics import discovery_id, discovery_topic

ANNOUNCE_INTERVAL = 10.0  # seconds; a birth message that follows another one within it is ignored
HEALTH_EXPIRY = 150  # seconds after which a value from `health`, which is published every 60 s, becomes unknown


def announce(
    publisher: Publisher,
    prefix: str,
    device: str,
    info: dict[str, Any],
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Publish the discovery message, and publish it again whenever Home Assistant starts.

    Args:
        publisher: Where to publish.
        prefix: Home Assistant's discovery prefix.
        device: Name of the device.
        info: The `info` message of the device.
        monotonic: The monotonic clock.
    """
    topic = discovery_topic(prefix, device)
    sent_at = -math.inf

    def on_birth(_: str, payload: bytes, retained: bool) -> None:
        nonlocal sent_at
        # A retained birth message is older than this connection, and so than the discovery message on it.
        if payload == b"online" and not retained and monotonic() - sent_at >= ANNOUNCE_INTERVAL:
            sent_at = monotonic()
            publisher.send_again(topic)

    publisher.retain_at(topic, encode(discovery_message(publisher.topic, device, info)))
    publisher.subscribe(f"{prefix}/status", on_birth)


def discovery_message(topic: str, device: str, info: dict[str, Any]) -> dict[str, Any]:
    """The discovery message, for the device discovery of Home Assistant's MQTT integration.

    Args:
        topic: Topic under which the topics of the device lie.
        device: Name of the device.
        info: The `info` message of the device, of which `version`, `model`, `labels` and `moods` are used.
    """
    identity = discovery_id(device)
    moods = _mood_entity(topic) if info.get("moods") else {}
    entities = {**_face_entities(topic, info["labels"]), **moods, **_pause_switch(topic), **_diagnostic_entities(topic)}
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


def _face_entities(topic: str, labels: Sequence[str]) -> dict[str, dict[str, Any]]:
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
        **(_affect_entities(state) if has_affect(labels) else {}),
        "face": {
            "platform": "event",
            "name": "Face",
            "icon": "mdi:face-recognition",
            "state_topic": f"{topic}/event",
            "event_types": ["start", "update", "end"],
            "value_template": "{{ dict(value_json, event_type=value_json.type) | tojson }}",
        },
    }


def _affect_entities(state: dict[str, Any]) -> dict[str, dict[str, Any]]:
    icons = {"valence": "mdi:thumbs-up-down-outline", "arousal": "mdi:pulse"}
    return {
        axis: {
            **state,
            "name": axis.capitalize(),
            "icon": icons[axis],
            "state_class": "measurement",
            "value_template": f"{{{{ value_json.{axis} }}}}",
        }
        for axis in AXES
    }


def _mood_entity(topic: str) -> dict[str, dict[str, Any]]:
    return {
        "mood": {
            "platform": "event",
            "name": "Mood",
            "icon": "mdi:emoticon-happy-outline",
            "state_topic": f"{topic}/mood",
            "event_types": ["start", "end"],
            "value_template": "{{ dict(value_json, event_type=value_json.state, mood=value_json.name) | tojson }}",
        }
    }


def _pause_switch(topic: str) -> dict[str, dict[str, Any]]:
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


def _diagnostic_entities(topic: str) -> dict[str, dict[str, Any]]:
    diagnostic = {"platform": "sensor", "entity_category": "diagnostic"}
    health = {
        **diagnostic,
        "state_topic": f"{topic}/health",
        "expire_after": HEALTH_EXPIRY,
        "state_class": "measurement",
    }
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
