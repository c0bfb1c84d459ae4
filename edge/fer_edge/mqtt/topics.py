"""The topics of a device."""

from __future__ import annotations

RETAINED_NAMES = ("info", "state", "status")  # messages under `fer/<device>/` that the broker retains


def device_topic(device: str) -> str:
    """The topic under which the topics of a device lie: `fer/<device>`."""
    return f"fer/{device}"
