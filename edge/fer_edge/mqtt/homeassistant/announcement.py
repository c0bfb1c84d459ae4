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

    Entities of the last run that this one no longer has, such as those of a zone that was renamed, are removed: Home
    Assistant keeps what a message merely leaves out. They follow from the `info` that the last run has retained.
    """

    def __init__(
        self,
        publisher: Publisher,
        prefix: str,
        device: str,
        info: dict[str, Any],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Publish the first message. To be called before the publisher starts, and so replaces the retained `info`.

        Args:
            publisher: Where to publish.
            prefix: Home Assistant's discovery prefix.
            device: Name of the device.
            info: The `info` message of the device.
            monotonic: The monotonic clock.
        """
        self._publisher, self._device, self._monotonic = publisher, device, monotonic
        self._topic = discovery_topic(prefix, device)
        self._message: dict[str, Any] = {"components": {}}
        self._lock = threading.Lock()  # of the message: the client's thread replaces it, too
        self._sent_at = -math.inf
        self.publish(info)
        publisher.subscribe(f"{prefix}/status", self._on_birth)
        publisher.subscribe(f"{publisher.topic}/info", self._on_info)

    def publish(self, info: dict[str, Any]) -> None:
        """Publish the discovery message for an `info` message that has changed."""
        with self._lock:
            self._replace(self._message, self._describe(info))

    def _on_birth(self, _: str, payload: bytes, retained: bool) -> None:
        # A retained birth message is older than this connection, and so than the discovery message on it.
        if payload == b"online" and not retained and self._monotonic() - self._sent_at >= ANNOUNCE_INTERVAL:
            self._sent_at = self._monotonic()
            self._publisher.send_again(self._topic)

    def _on_info(self, _: str, payload: bytes, retained: bool) -> None:
        if not retained:  # the one that this run has just published
            return
        try:
            earlier = self._describe(json.loads(payload))
        except (ValueError, RecursionError, TypeError, KeyError, AttributeError):  # of another program, or damaged
            return
        with self._lock:
            self._replace(earlier, self._message)

    def _describe(self, info: dict[str, Any]) -> dict[str, Any]:
        return discovery_message(self._publisher.topic, self._device, info)

    def _replace(self, earlier: dict[str, Any], message: dict[str, Any]) -> None:
        """Publish `message` in place of an earlier one, whose further entities are removed."""
        components = message["components"]
        removed = {
            key: {"platform": component["platform"]}
            for key, component in earlier["components"].items()
            if key not in components and len(component) > 1  # one that is removed already has only its platform
        }
        # Removed ones first: of a message that follows another one closely, Home Assistant ignores all components from
        # the first one on that it is still adding.
        self._message = {**message, "components": {**removed, **components}}
        self._publisher.retain_at(self._topic, encode(self._message))
