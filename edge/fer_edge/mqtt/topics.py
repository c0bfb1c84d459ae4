"""The topics of a device."""

from __future__ import annotations

EVENT, MINUTE, MOOD = "event", "minute", "mood"  # messages under `fer/<device>/` that wait in the outbox
IMAGE = "image"  # a picture as base64, published only on request
RETAINED_NAMES = ("info", "settings", "state", "status")  # messages under `fer/<device>/` that the broker retains


def device_topic(device: str) -> str:
    """The topic under which the topics of a device lie: `fer/<device>`."""
    return f"fer/{device}"


def discovery_id(device: str) -> str:
    """The id of a device at Home Assistant. It allows only the characters that `parse_device` does."""
    return f"fer-edge-{device}"


def discovery_topic(prefix: str, device: str) -> str:
    """Where Home Assistant looks for the discovery message of a device, under its discovery prefix."""
    return f"{prefix}/device/{discovery_id(device)}/config"
