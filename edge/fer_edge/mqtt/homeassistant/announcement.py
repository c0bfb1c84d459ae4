"""Home Assistant discovers the device by one retained message that describes its entities."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable
from typing import Any

from fer_edge.events import encode
from fer_edge.mqtt.homeassistant.message import discovery_message
from fer_edge.mqtt.publisher import Publisher
from fer_edge.mqtt.topics import discovery_topic

ANNOUNCE_INTERVAL = 10.0  # seconds; a birth message that follows another one within it is ignored


class Announcement:
    """Keeps the discovery message at the broker, and publishes it again whenever Home Assistant starts.

    Entities of an earlier message that the newest one no longer has, such as those of a zone that was renamed, are
    removed from Home Assistant: it keeps what a message merely leaves out.
    """

    def __init__(
        self, publisher: Publisher, prefix: str, device: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare to publish.

        Args:
            publisher: Where to publish.
            prefix: Home Assistant's discovery prefix.
            device: Name of the device.
            monotonic: The monotonic clock.
        """
        self._publisher, self._device, self._monotonic = publisher, device, monotonic
        self._topic = discovery_topic(prefix, device)
        self._message: dict[str, Any] = {"components": {}}
        self._lock = threading.Lock()  # of the message: the client's thread replaces it, too
        self._sent_at = -math.inf
        publisher.subscribe(f"{prefix}/status", self._on_birth)
        publisher.subscribe(self._topic, self._on_earlier_message)

    def publish(self, info: dict[str, Any]) -> None:
        """Publish the discovery message for this `info` message."""
        message = discovery_message(self._publisher.topic, self._device, info)
        with self._lock:
            self._replace(self._message, message)

    def _on_birth(self, _: str, payload: bytes, retained: bool) -> None:
        # A retained birth message is older than this connection, and so than the discovery message on it.
        if payload == b"online" and not retained and self._monotonic() - self._sent_at >= ANNOUNCE_INTERVAL:
            self._sent_at = self._monotonic()
            self._publisher.send_again(self._topic)

    def _on_earlier_message(self, _: str, payload: bytes, retained: bool) -> None:
        if retained:  # the broker had it before this connection
            with self._lock:
                self._replace(_parse(payload), self._message)

    def _replace(self, earlier: dict[str, Any], message: dict[str, Any]) -> None:
        """Publish `message` in place of an earlier one, whose further entities are removed."""
        components = message["components"]
        removed = {
            key: {"platform": component["platform"]}
            for key, component in earlier["components"].items()
            if key not in components and len(component) > 1  # one that is removed already has only its platform
        }
        self._message = {**message, "components": {**components, **removed}}
        self._publisher.retain_at(self._topic, encode(self._message))


def _parse(payload: bytes) -> dict[str, Any]:
    """An earlier discovery message; one without components if it is of another program, or damaged."""
    try:
        message = json.loads(payload)
        if all(isinstance(component["platform"], str) for component in message["components"].values()):
            return dict(message)
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        pass
    return {"components": {}}
