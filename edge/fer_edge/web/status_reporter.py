"""Sends viewers the status of the run."""

from __future__ import annotations

import asyncio
from typing import Any

from fer_edge.events import STATE_MEASURES
from fer_edge.monitoring.health import Health
from fer_edge.web.hub import Hub

STATUS_INTERVAL = 2.0  # seconds between two messages
CHANGE_INTERVAL = 0.25  # seconds within which a change is sent


class StatusReporter:
    """Sends the message `status` to all viewers every STATUS_INTERVAL, and after a change."""

    def __init__(self, hub: Hub, health: Health, *, change_interval: float = CHANGE_INTERVAL) -> None:
        """`change_interval`: seconds within which a change is sent."""
        self._hub, self._health, self._change_interval = hub, health, change_interval

    def message(self) -> dict[str, Any]:
        """The message `status`."""
        status = self._hub.status
        return {
            "type": "status",
            "state": status.state(),
            "camera": status.camera_problem,
            "broker": status.broker,
            "health": self._health.message(),
            "viewers": len(self._hub.viewers) + len(self._hub.pictures),
            "browser": self._hub.browser_connected,
        }

    async def run(self) -> None:
        """Send messages until cancelled."""
        sent, sent_at = None, 0.0
        while True:
            await asyncio.sleep(self._change_interval)
            now, key = self._hub.status.clock.monotonic(), self._key()
            if self._hub.viewers and (key != sent or now - sent_at >= STATUS_INTERVAL):
                sent, sent_at = key, now
                self._hub.broadcast(self.message())

    def _key(self) -> tuple[Any, ...]:
        """What viewers learn of at once when it changes."""
        status = self._hub.status
        state = {key: value for key, value in status.state().items() if key not in STATE_MEASURES}
        return state, status.camera_problem, status.broker, self._hub.browser_connected
