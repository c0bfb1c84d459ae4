"""The diagnostic entities: the condition of the device."""

from __future__ import annotations

from typing import Any

HEALTH_EXPIRY = 150  # seconds after which a value from `health`, which is published every 60 s, becomes unknown


def diagnostic_entities(topic: str) -> dict[str, dict[str, Any]]:
    """The diagnostic entities; `topic` is that under which the topics of the device lie."""
    entities = {**_state_entities(topic), **_health_entities(topic)}
    return {key: {**entity, "entity_category": "diagnostic"} for key, entity in entities.items()}


def _state_entities(topic: str) -> dict[str, dict[str, Any]]:
    return {
        "connectivity": {
            "platform": "binary_sensor",
            "name": "Connectivity",
            "device_class": "connectivity",
            "state_topic": f"{topic}/status",
            "payload_on": "online",
            "payload_off": "offline",
            # Offline is its state, where other entities become unavailable: any status makes it available.
            "availability_topic": f"{topic}/status",
            "availability_template": "online",
        },
        "problem": {
            "platform": "binary_sensor",
            "name": "Problem",
            "device_class": "problem",
            "state_topic": f"{topic}/state",
            "value_template": "{{ 'ON' if value_json.problem else 'OFF' }}",
            "json_attributes_topic": f"{topic}/state",
            "json_attributes_template": "{{ {'problem': value_json.problem} | tojson }}",
        },
        "accelerator": {
            "platform": "sensor",
            "name": "Accelerator",
            "icon": "mdi:chip",
            "state_topic": f"{topic}/info",
            "value_template": "{{ value_json.accelerator }}",
        },
    }


def _health_entities(topic: str) -> dict[str, dict[str, Any]]:
    health = {
        "platform": "sensor",
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
    }
