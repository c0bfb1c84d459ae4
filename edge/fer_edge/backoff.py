"""Exponential back-off: the delays between attempts that fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Delays between attempts that fail, in seconds: `first`, then twice the last one each time, up to `longest`."""

    first: float = 1.0
    longest: float = 60.0

    def delays(self) -> Iterator[float]:
        """Yield the delays in order, without end."""
        delay = self.first
        while True:
            yield delay
            delay = min(2 * delay, self.longest)
