"""The switches of a run, for signals, commands and the live page."""

from __future__ import annotations

from fer_edge.pipeline import Pipeline


class RunControls:
    """Pauses, stops or restarts a run. Safe to use from any thread and from a signal handler.

    Attributes:
        paused: Whether no frames are processed.
        stopping: Whether the run is to end after the current frame.
        restarting: Whether the process is to restart once the run has ended.
        pipeline: The pipeline. Its options may be adjusted only from the thread that runs the frame loop.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.paused = False
        self.stopping = False
        self.restarting = False

    def stop(self) -> None:
        """End the run after the current frame; overrides a restart."""
        self.stopping = True
        self.restarting = False

    def restart(self) -> None:
        """End the run after the current frame, then restart the process; ignored if the run is already stopping."""
        if not self.stopping:
            self.stop()
            self.restarting = True
