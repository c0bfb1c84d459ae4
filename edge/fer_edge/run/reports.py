"""Makes the reports of a run: messages that summarise what happened over many frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fer_edge.aggregation.minutes import MINUTE, Minute, MinuteCounter
from fer_edge.cameras.frame import Frame
from fer_edge.events import MessageBuilder
from fer_edge.pipeline import Pipeline

Report = tuple[str, dict[str, Any]]  # name of the topic, and the message


class Reports:
    """Follows the frames of a run after the pipeline. Still pictures have no duration and are left out.

    Each method returns the reports that are due with it.
    """

    def __init__(self, messages: MessageBuilder, pipeline: Pipeline) -> None:
        """Report nothing yet."""
        self._messages, self._pipeline = messages, pipeline
        self._minutes: MinuteCounter | None = None

    def count_minutes(self, labels: Sequence[str], zones: Sequence[str] = ()) -> None:
        """Report every minute from now on: the labels of the model, and the names of the zones."""
        self._minutes = MinuteCounter(labels, zones)

    def add(self, frame: Frame) -> list[Report]:
        """Add the frame that the pipeline has processed last."""
        if frame.still or not self._minutes:
            return []
        wall = self._messages.wall(frame.time)
        return self._describe(self._minutes.update(frame.time, wall, self._pipeline.tracked_faces))

    def interrupt(self, time: float) -> list[Report]:
        """There is no frame at `time`, seconds on the clock of the frames."""
        if not self._minutes:
            return []
        return self._describe(self._minutes.update(time, self._messages.wall(time), None))

    def finish(self) -> list[Report]:
        """End what is unfinished."""
        return self._describe(self._minutes.finish() if self._minutes else None)

    def _describe(self, minute: Minute | None) -> list[Report]:
        if not minute:
            return []
        return [("minute", self._messages.report("minute", minute.number * MINUTE, minute.as_dict()))]
