"""The switches of a run, for signals, commands and the live page."""

from __future__ import annotations

import threading

from fer_edge.pipeline import Pipeline
from fer_edge.run.pause_file import PauseFile


class RunControls:
    """Pauses, stops or restarts a run. Safe to use from any thread; `stop` and `restart` also from a signal handler.

    Attributes:
        stopping: Whether the run is to end after the current frame.
        restarting: Whether the process is to restart once the run has ended.
        pipeline: The pipeline. Its options may be adjusted only from the thread that runs the frame loop.
    """

    def __init__(self, pipeline: Pipeline, pause_file: PauseFile | None = None) -> None:
        """Begin paused if `pause_file` requires it."""
        self.pipeline = pipeline
        self.stopping = False
        self.restarting = False
        self._pause_file = pause_file or PauseFile(None)
        self._paused = self._pause_file.read()
        self._lock = threading.Lock()  # of the pause and its file

    @property
    def paused(self) -> bool:
        """Whether no frames are processed. Kept in the pause file when it is set."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        with self._lock:
            if paused != self._paused or self._pause_file.failed:
                self._paused = paused
                self._pause_file.write(paused=paused)

    def stop(self) -> None:
        """End the run after the current frame; overrides a restart."""
        self.stopping = True
        self.restarting = False

    def restart(self) -> None:
        """End the run after the current frame, then restart the process; ignored if the run is already stopping."""
        if not self.stopping:
            self.stop()
            self.restarting = True
