"""Keeps the pause over a restart, because it may have been requested for privacy."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from fer_edge.atomic_file import sync_folder

log = logging.getLogger(__name__)


class PauseFile:
    """A file that exists while the run is paused. What is in it does not matter, so no damage to it ends a pause.

    Attributes:
        failed: Whether the last attempt to write it has failed.
    """

    def __init__(self, path: Path | None) -> None:
        """`path` is the file; None if there is no place for it, and a pause ends with the run."""
        self.failed = False
        self._path = path

    def read(self) -> bool:
        """Whether the last run was paused when it ended; also if that cannot be read. Logs it."""
        if not self._path:
            return False
        try:
            self._path.lstat()
        except FileNotFoundError:
            return False
        except OSError as error:
            reason = f"{_reason(error)}, so it is unknown whether the last run was paused"
        else:
            reason = "paused before the restart"
        log.warning("%s: %s; paused, and the camera stays off, until `resume`", self._path, reason)
        return True

    def write(self, *, paused: bool) -> None:
        """Keep that the run is paused, or that it is not. Logs what will be known after a restart."""
        if not self._path:
            if paused:
                log.warning("paused until the end of this run only: without a file for the outbox no pause is kept")
            return
        try:
            if paused:
                os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            else:
                self._path.unlink(missing_ok=True)
            sync_folder(self._path.parent)
        except OSError as error:
            self.failed = True
            after = "a restart ends the pause" if paused else "a restart is paused again"
            log.warning("%s: %s; %s", self._path, _reason(error), after)
            return
        self.failed = False
        log.info("paused, also after a restart (%s)" if paused else "resumed (%s removed)", self._path)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
