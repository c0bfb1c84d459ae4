"""The file with the health of a run, by which a container checks that the run processes frames."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from fer_edge.atomic_file import replace_file
from fer_edge.clock import Clock
from fer_edge.events import encode
from fer_edge.monitoring.health import Health
from fer_edge.run.controls import RunControls
from fer_edge.run.observer import RunObserver
from fer_edge.run.status import RunStatus

INTERVAL = 5.0  # seconds between two writings

log = logging.getLogger(__name__)


def find_health_file(environment: Mapping[str, str]) -> Path | None:
    """Return the file, which is in systemd's runtime directory; None without one."""
    folder = environment.get("RUNTIME_DIRECTORY")
    return Path(folder) / "health.json" if folder else None


class HealthFile(RunObserver):
    """Writes the `health` message to a file from the loop over the frames: a loop that hangs leaves an old file."""

    def __init__(self, path: Path) -> None:
        """`path` is the file."""
        self._path = path
        self._health: Health | None = None
        self._clock = Clock()
        self._due = 0.0  # on that clock, monotonic
        self._failed = False

    def on_start(self, status: RunStatus, controls: RunControls) -> None:
        """Have the first message written after the first frame."""
        self._health, self._clock = status.open_health(), status.clock
        self._due = self._clock.monotonic()

    def poll(self) -> None:
        """Write the file if it is due. That it cannot be written is logged once; the run goes on."""
        now = self._clock.monotonic()
        if not self._health or now < self._due:
            return
        self._due = now + INTERVAL
        try:
            replace_file(self._path, f"{encode(self._health.message())}\n".encode())
            self._failed = False
        except OSError as error:
            if not self._failed:
                log.warning("%s: %s; the health of the run is not written", self._path, str(error.strerror).lower())
            self._failed = True
