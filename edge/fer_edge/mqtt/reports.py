"""What the device tells of itself: `info` and `state`, which the broker keeps, and `health`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fer_edge.mqtt.publisher import Publisher

STATE_EXPIRY = 600  # seconds that the broker believes a state that is not said again
SCORE_EVERY = 1.0  # seconds between two states that differ in the score alone, unless it is set
FIRST_HEALTH, HEALTH_EVERY = 10.0, 60.0  # seconds


class Reports:
    """Keeps `state` true at the broker and sends `health`; called once a turn of the loop. `clock`: seconds."""

    def __init__(
        self,
        publisher: Publisher,
        info: dict[str, Any],
        health: Callable[[], dict[str, Any]],
        clock: Callable[[], float],
    ) -> None:
        self._publisher, self._health, self._clock = publisher, health, clock
        self._state: dict[str, Any] = {}
        self._said_at = clock()
        self._health_at = clock() + FIRST_HEALTH
        publisher.retain("info", info)

    def tell(self, state: dict[str, Any], score_every: float = SCORE_EVERY) -> None:
        """Say `state` if it has changed; a `score` alone only every so many seconds."""
        now = self._clock()
        unlike = {key for key, value in state.items() if self._state.get(key, ...) != value}
        if unlike - {"score"} or (unlike and now - self._said_at >= score_every):
            self._state, self._said_at = state, now
        self._publisher.retain("state", self._state, STATE_EXPIRY)
        if now >= self._health_at:
            self._health_at = now + HEALTH_EVERY
            self._publisher.send("health", self._health())
