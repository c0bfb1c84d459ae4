"""Runs the pipeline on each frame, within the limits of the machine."""

from __future__ import annotations

import logging
from dataclasses import replace

from fer_edge.cameras.base import FrameSource
from fer_edge.cameras.frame import Frame
from fer_edge.clock import Clock
from fer_edge.config.model import PipelineOptions
from fer_edge.errors import FerError
from fer_edge.events import Event
from fer_edge.monitoring.load_shedding import LoadShedder
from fer_edge.monitoring.memory import MemoryMonitor
from fer_edge.monitoring.timing import StageTimer
from fer_edge.pipeline import Pipeline
from fer_edge.run.models import Models

log = logging.getLogger(__name__)

MAX_FAILURES = 10  # the run ends at this many failed frames, less what good frames have offset
RECOVERY = 0.1  # of a failure is offset by each good frame: about one frame in ten may fail


class ErrorBudget:
    """Counts failed frames, and lets good ones offset them (a leaky bucket).

    Attributes:
        failed: Number of all failed frames.
    """

    def __init__(self) -> None:
        self.failed = 0
        self._failures = 0.0

    def record_success(self) -> None:
        """A frame was processed."""
        self._failures = max(0.0, self._failures - RECOVERY)

    def record_failure(self, number: int) -> None:
        """Frame `number` failed. Log the exception being handled, unless failures are frequent."""
        if self._failures < 1:
            log.exception("frame %d is skipped", number)
        self._failures += 1
        self.failed += 1

    @property
    def exhausted(self) -> bool:
        """Whether too many frames have failed."""
        return self._failures >= MAX_FAILURES


class FrameProcessor:
    """The pipeline with its stage timer, error budget, load shedding and memory monitor.

    Attributes:
        pipeline: What turns frames into events.
        timer: Times the stages and counts the frames.
        load_shedder: Reduces the work while the machine is hot or slow.
    """

    def __init__(self, pipeline: Pipeline, timer: StageTimer, load_shedder: LoadShedder, memory: MemoryMonitor) -> None:
        self.pipeline = pipeline
        self.timer = timer
        self.load_shedder = load_shedder
        self._memory = memory
        self._errors = ErrorBudget()

    @property
    def skipped(self) -> int:
        """How many frames were skipped because of an unexpected error."""
        return self._errors.failed

    def step(self, frame: Frame | None) -> list[Event]:
        """Process the next frame, or end every track while there is no frame.

        Raises:
            FerError: Always, immediately.
            Exception: Any other error, once too many frames have failed.
        """
        events = self._process(frame) if frame else self.pipeline.finish()
        self.load_shedder.update(frame=frame is not None)
        self._memory.update()
        return events

    def _process(self, frame: Frame) -> list[Event]:
        try:
            with self.timer.stage("step"):
                events = self.pipeline.step(frame)
        except FerError:
            raise
        except Exception:
            # An unexpected error in one frame must not end the service; frequent ones do, and systemd restarts it.
            self._errors.record_failure(frame.number)
            if self._errors.exhausted:
                raise
            return []
        self._errors.record_success()
        self.timer.frames += 1
        return events


def open_processor(source: FrameSource, models: Models, options: PipelineOptions, clock: Clock) -> FrameProcessor:
    """A frame processor for the frames of `source`."""
    timer = StageTimer(clock)
    pipeline = Pipeline(models.classifier, options, timer.stage, models.detectors)

    def slow_down(factor: int) -> None:
        pipeline.adjust(replace(pipeline.options, slowdown=factor))

    return FrameProcessor(pipeline, timer, LoadShedder(source, slow_down, clock), MemoryMonitor(clock))
