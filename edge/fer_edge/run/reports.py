"""Makes the reports of a run: messages that summarise what happened over many frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fer_edge.aggregation.minutes import MINUTE, Minute, MinuteCounter
from fer_edge.aggregation.moods import MoodChange, MoodTracker
from fer_edge.cameras.frame import Frame
from fer_edge.config.moods import MoodRule
from fer_edge.events import MessageBuilder, rfc3339
from fer_edge.pipeline import Pipeline

Report = tuple[str, dict[str, Any]]  # name of the topic, and the message


class Reports:
    """Follows the frames of a run after the pipeline. Still pictures have no duration and are left out.

    `add`, `interrupt` and `finish` return the reports that are due with them.
    """

    def __init__(self, messages: MessageBuilder, pipeline: Pipeline) -> None:
        """Report nothing yet."""
        self._messages, self._pipeline = messages, pipeline
        self._minutes: MinuteCounter | None = None
        self._moods: MoodTracker | None = None

    def count_minutes(self, labels: Sequence[str]) -> None:
        """Report every minute from now on. `labels` are those of the model."""
        self._minutes = MinuteCounter(labels, lambda: self._pipeline.options.zone_names)

    def track_moods(self, rules: Sequence[MoodRule], labels: Sequence[str]) -> None:
        """Report sustained moods from now on."""
        self._moods = MoodTracker(rules, labels)

    def add(self, frame: Frame) -> list[Report]:
        """Add the frame that the pipeline has processed last."""
        reports: list[Report] = []
        if frame.still:
            return reports
        faces = self._pipeline.tracked_faces
        if self._moods:
            changes = self._moods.update(frame.time, faces, self._pipeline.dominant_face)
            reports += [self._describe_mood(change) for change in changes]
        if self._minutes:
            wall = self._messages.wall(frame.time)
            reports += self._describe_minute(self._minutes.update(frame.time, wall, faces))
        return reports

    def interrupt(self, time: float) -> list[Report]:
        """There is no frame at `time`, seconds on the clock of the frames."""
        reports = self._end_moods()
        if self._minutes:
            reports += self._describe_minute(self._minutes.update(time, self._messages.wall(time), None))
        return reports

    def finish(self) -> list[Report]:
        """End what is unfinished."""
        return self._end_moods() + self._describe_minute(self._minutes.finish() if self._minutes else None)

    def _end_moods(self) -> list[Report]:
        return [self._describe_mood(change) for change in self._moods.interrupt()] if self._moods else []

    def _describe_minute(self, minute: Minute | None) -> list[Report]:
        if not minute:
            return []
        return [("minute", self._messages.report("minute", minute.number * MINUTE, minute.as_dict()))]

    def _describe_mood(self, change: MoodChange) -> Report:
        rule, wall = change.rule, self._messages.wall
        content = {"name": rule.name, "state": change.state, "emotion": rule.emotion, "of": rule.of}
        if rule.zone is not None:
            content["zone"] = rule.zone
        duration = round(change.time - change.since, 2)
        times = {"since": rfc3339(wall(change.since)), "duration_s": duration}
        return "mood", self._messages.report("mood", wall(change.time), {**content, **times})
