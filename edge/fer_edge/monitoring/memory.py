"""When the machine's memory runs short: it is said once, and what can be spared is given back."""

from __future__ import annotations

import logging
from collections.abc import Callable

from fer_edge.monitoring.system import available_memory, release_memory

log = logging.getLogger(__name__)

LOOK = 10.0  # seconds between two looks
SHORT, AMPLE = 64.0, 128.0  # megabytes that are left: too few, and enough again


class MemoryMonitor:
    """Looks now and then how much is left. `clock` gives seconds, the others are those above."""

    def __init__(
        self,
        clock: Callable[[], float],
        available_memory: Callable[[], float | None] = available_memory,
        release_memory: Callable[[], None] = release_memory,
    ) -> None:
        self._clock, self._available, self._give_back = clock, available_memory, release_memory
        self._look_at = clock() + LOOK
        self._short = False

    def turn(self) -> None:
        """The loop over the frames has turned once more."""
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + LOOK
        left = self._available()
        if left is None:
            return
        if left < SHORT:
            self._give_back()
            if not self._short:
                log.warning("memory is short: %.0f MB are left on this machine; events on disk are safe", left)
            self._short = True
        elif left > AMPLE and self._short:
            self._short = False
            log.info("memory is no longer short: %.0f MB are left", left)
