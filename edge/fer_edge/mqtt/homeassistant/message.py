"""The discovery message, for the device discovery of Home Assistant's MQTT integration."""

from __future__ import annotations

from typing import Any

from fer_edge.mqtt.homeassistant.controls import control_entities
from fer_edge.mqtt.homeassistant.diagnostics import diagnostic_entities
from fer_edge.mqtt.homeassistant.faces import face_entities, zone_entities
from fer_edge.mqtt.homeassistant.triggers import device_triggers, event_entities
from fer_edge.mqtt.topics import discovery_id


def discovery_message(topic: str, device: str, info: dict[str, Any]) -> dict[str, Any]:
    """The discovery message.

    Args:
        topic: Topic under which the topics of the device lie.
        device: Name of the device.
        info: The `info` message of the device, of which `version`, `model`, `labels`, `zones`, `moods` and `snapshots`
            are used.
    """
    identity = discovery_id(device)
    moods = info.get("moods", [])
    entities = {
        **face_entities(topic, info["labels"]),
        **zone_entities(topic, info.get("zones", [])),
        **event_entities(topic, moods),
        **control_entities(topic, snapshots=info.get("snapshots", False)),
        **diagnostic_entities(topic),
    }
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
        "components": {
            **{key: {"unique_id": f"{identity}-{key}", "qos": 1, **entity} for key, entity in entities.items()},
            **device_triggers(topic, moods),
        },
    }
