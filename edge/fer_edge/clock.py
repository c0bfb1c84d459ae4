"""The clocks of the system, passed to whatever needs the time so that tests can substitute their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """Wall time, monotonic time and sleep, all in seconds.

    Attributes:
        wall: Seconds since the epoch; jumps when the system clock is set.
        monotonic: Seconds that only increase, for intervals and timeouts.
        sleep: Blocks for a number of seconds.
    """

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
