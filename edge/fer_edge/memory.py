"""When the machine's memory runs short: it is said once, and what can be spared is given back."""

from __future__ import annotations

import ctypes
import gc
import logging
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

LOOK = 10.0  # seconds between two looks
SHORT, AMPLE = 64.0, 128.0  # megabytes that are left: too few, and enough again


def available(system: Path = Path("/")) -> float | None:
    """Megabytes that the kernel could give to who asks (MemAvailable in proc_meminfo(5)); None where it is not told."""
    try:
        lines = (system / "proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, IndexError, StopIteration):
        return None


def give_back() -> None:
    """Give the system what is free in our heap, which the C library would keep: malloc_trim(3)."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
    if trim:
        trim(0)


class Memory:
    """Looks now and then how much is left. `clock` gives seconds, the others are those above."""

    def __init__(
        self,
        clock: Callable[[], float],
        available: Callable[[], float | None] = available,
        give_back: Callable[[], None] = give_back,
    ) -> None:
        self._clock, self._available, self._give_back = clock, available, give_back
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
