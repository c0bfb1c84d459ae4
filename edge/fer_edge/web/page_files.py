"""What the live page reads and writes besides the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer_edge.config.zone_file import ZoneFile

# Sums the minutes between two times, seconds since the epoch, in intervals of so many seconds; by zone, and then by the
# time at which the interval begins. Raises ValueError.
ReadHistory = Callable[[int, int, int], Mapping[str, Mapping[int, dict[str, Any]]]]


@dataclass(frozen=True)
class PageFiles:
    """What the live page reads and writes besides the run.

    Attributes:
        logouts: File that keeps who has logged out; None for memory.
        zones: The zones in the configuration file.
        read_history: Reads the history of minutes; None without one.
    """

    logouts: Path | None = None
    zones: ZoneFile = field(default_factory=lambda: ZoneFile(None))
    read_history: ReadHistory | None = None
