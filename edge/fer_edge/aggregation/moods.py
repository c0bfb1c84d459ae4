"""Sustained moods: reports when a rule has held for long enough, and when it no longer holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fer_edge.aggregation.minutes import MAX_FRAME_INTERVAL
from fer_edge.config.moods import DOMINANT, NOBODY, UNSURE, MoodRule
from fer_edge.tracking.track import TrackedFace


@dataclass(frozen=True)
class MoodChange:
    """A mood that has started or ended.

    Attributes:
        rule: Which one.
        state: What happened to it.
        since: When its rule began to hold, seconds on the clock of the frames.
        time: When it had held for long enough, or when it no longer held; the same clock.
    """

    rule: MoodRule
    state: Literal["start", "end"]
    since: float
    time: float


class Mood:
    """One rule and since when it holds."""

    def __init__(self, rule: MoodRule, labels: Sequence[str]) -> None:
        self.rule = rule
        self._emotion = labels.index(rule.emotion) if rule.emotion not in (UNSURE, NOBODY) else None
        self._since: float | None = None
        self._started = False

    def update(self, time: float, faces: Sequence[TrackedFace], dominant: TrackedFace | None) -> MoodChange | None:
        """Add the faces of the frame at `time`."""
        if not self._holds(faces, dominant):
            return self.interrupt(time)
        if self._since is None:
            self._since = time
        if self._started or time - self._since < self.rule.seconds:
            return None
        self._started = True
        return MoodChange(self.rule, "start", self._since, time)

    def interrupt(self, time: float) -> MoodChange | None:
        """The rule no longer holds, or it is unknown whether it does, from `time` on."""
        since, started = self._since, self._started
        self._since, self._started = None, False
        return MoodChange(self.rule, "end", since, time) if started and since is not None else None

    def _holds(self, faces: Sequence[TrackedFace], dominant: TrackedFace | None) -> bool:
        if self.rule.of == DOMINANT:
            faces = [dominant] if dominant else []
        if self.rule.zone is not None:
            faces = [face for face in faces if face.zone == self.rule.zone]
        if self.rule.emotion == NOBODY:
            return not faces
        return any(face.emotion == self._emotion for face in faces)


class MoodTracker:
    """Follows all rules. Deterministic: depends only on what it is given.

    A frame that does not follow within MAX_FRAME_INTERVAL of the last one ends what has held until then.
    """

    def __init__(self, rules: Sequence[MoodRule], labels: Sequence[str]) -> None:
        """`labels` are the emotions, in the order of the model's scores; every rule's emotion is known."""
        self._moods = [Mood(rule, labels) for rule in rules]
        self._time = 0.0  # of the last frame

    def update(self, time: float, faces: Sequence[TrackedFace], dominant: TrackedFace | None) -> list[MoodChange]:
        """Add the faces of the frame at `time`, seconds, and the dominant one among them. Returns what has changed."""
        changes = self.interrupt() if time - self._time > MAX_FRAME_INTERVAL else []
        self._time = time
        return changes + [change for mood in self._moods if (change := mood.update(time, faces, dominant))]

    def interrupt(self) -> list[MoodChange]:
        """There are no frames after the last one. Returns the moods that have ended with it."""
        return [change for mood in self._moods if (change := mood.interrupt(self._time))]
