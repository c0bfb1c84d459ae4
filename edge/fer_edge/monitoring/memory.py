"""Warns when the machine runs out of memory, and returns unused heap to the system."""

from __future__ import annotations

import logging
from collections.abc import Callable

from fer_edge.clock import Clock
from fer_edge.monitoring.system import available_memory, release_memory

log = logging.getLogger(__name__)

CHECK_INTERVAL = 10.0  # seconds
LOW_MEMORY, ENOUGH_MEMORY = 64.0, 128.0  # megabytes available at which a shortage begins and ends


class MemoryMonitor:
    """Checks every CHECK_INTERVAL seconds how much memory is available. `available` and `release` as in `system`."""

    def __init__(
        self,
        clock: Clock,
        available: Callable[[], float | None] = available_memory,
        release: Callable[[], None] = release_memory,
    ) -> None:
        self._clock, self._available, self._release = clock, available, release
        self._next_check = clock.monotonic() + CHECK_INTERVAL
        self._is_low = False

    def update(self) -> None:
        """Called by the loop over the frames: check if a check is due."""
        now = self._clock.monotonic()
        if now < self._next_check:
            return
        self._next_check = now + CHECK_INTERVAL
        available = self._available()
        if available is not None:
            self._react(available)

    def _react(self, available: float) -> None:
        if available < LOW_MEMORY:
            self._release()
            if not self._is_low:
                log.warning("memory is low: %.0f MB available on this machine; events on disk are safe", available)
            self._is_low = True
        elif available > ENOUGH_MEMORY and self._is_low:
            self._is_low = False
            log.info("memory is no longer low: %.0f MB available", available)
