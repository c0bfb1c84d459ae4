"""Counts for each minute how long which emotions were in front of the camera."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from fer_edge.tracking.track import TrackedFace

MINUTE = 60.0  # seconds
MAX_FRAME_INTERVAL = 2.0  # seconds; what happens in a longer time between two frames is unknown


class Tally:
    """Seconds in the whole frame, or in one zone, during one minute."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels
        self._emotions = dict.fromkeys(labels, 0.0)
        self._nobody = self._unsure = self._face_seconds = 0.0
        self._most_faces = 0

    def add(self, faces: Sequence[TrackedFace], seconds: float) -> None:
        """Count `seconds` during which these were the faces."""
        found = {face.emotion for face in faces}
        for emotion in found:
            if emotion is None:
                self._unsure += seconds
            else:
                self._emotions[self._labels[emotion]] += seconds
        if not found:
            self._nobody += seconds
        self._face_seconds += len(faces) * seconds
        self._most_faces = max(self._most_faces, len(faces))

    def as_dict(self) -> dict[str, Any]:
        """The members of a message."""
        return {
            "nobody_s": _rounded(self._nobody),
            "unsure_s": _rounded(self._unsure),
            "emotions_s": {label: _rounded(seconds) for label, seconds in self._emotions.items()},
            "face_s": _rounded(self._face_seconds),
            "most_faces": self._most_faces,
        }


class Minute:
    """One minute of the wall clock, as far as the run covers it.

    Attributes:
        number: Minutes since the epoch.
        covered: Seconds of it that belong to the run.
    """

    def __init__(self, number: int, labels: Sequence[str], zones: Sequence[str]) -> None:
        self.number = number
        self.covered = 0.0
        self._observed = 0.0
        self._frame = Tally(labels)
        self._zones = {zone: Tally(labels) for zone in zones}

    def add(self, faces: Sequence[TrackedFace] | None, seconds: float) -> None:
        """Count `seconds` during which these were the faces; None while nothing was observed."""
        seconds = min(seconds, MINUTE - self.covered)
        if seconds <= 0:
            return
        self.covered += seconds
        if faces is None:
            return
        self._observed += seconds
        self._frame.add(faces, seconds)
        for zone, tally in self._zones.items():
            tally.add([face for face in faces if face.zone == zone], seconds)

    def as_dict(self) -> dict[str, Any]:
        """The members of a message that do not identify it."""
        message = {
            "duration_s": _rounded(self.covered),
            "observed_s": _rounded(self._observed),
            **self._frame.as_dict(),
        }
        if self._zones:
            message["zones"] = {zone: tally.as_dict() for zone, tally in self._zones.items()}
        return message


class MinuteCounter:
    """Divides a run into minutes of the wall clock. Deterministic: depends only on what it is given.

    The faces of a frame count until the next frame, if that follows within MAX_FRAME_INTERVAL. Durations are those of
    the frames' clock, so that setting the wall clock changes none of them: it only ends the minute.
    """

    def __init__(self, labels: Sequence[str], zones: Callable[[], Sequence[str]] = tuple) -> None:
        """Create a counter.

        Args:
            labels: The emotions, in the order of the model's scores.
            zones: Returns the names of the zones, at the beginning of each minute.
        """
        self._labels, self._zones = labels, zones
        self._minute: Minute | None = None
        self._time = 0.0
        self._faces: Sequence[TrackedFace] | None = None  # since the last frame; None if there is no recent one

    def update(self, time: float, wall: float, faces: Sequence[TrackedFace] | None) -> Minute | None:
        """Add a frame, or that there is none.

        Args:
            time: Of the frame, or now; seconds on the clock of the frames.
            wall: The same in seconds since the epoch.
            faces: Those in the frame; None while the camera delivers no frames or is paused.

        Returns:
            The minute that has ended with that, if any.
        """
        behind = max(0.0, self._time - time) if self._minute else 0.0  # of a frame captured before an earlier update
        time, wall = time + behind, wall + behind
        ended, number = None, math.floor(wall / MINUTE)
        interval = time - self._time if self._minute else 0.0
        observed = self._faces if faces is not None and interval <= MAX_FRAME_INTERVAL else None
        if not self._minute:
            self._minute = self._open(number)
        elif self._minute.number != number:
            since_boundary = min(interval, wall - number * MINUTE)
            self._minute.add(observed, interval - since_boundary)
            ended, self._minute, interval = self._minute, self._open(number), since_boundary
        self._minute.add(observed, interval)
        self._time, self._faces = time, faces
        return ended

    def finish(self) -> Minute | None:
        """End the last minute. Returns None if no time has passed in it."""
        minute, self._minute, self._faces = self._minute, None, None
        return minute if minute and minute.covered else None

    def _open(self, number: int) -> Minute:
        return Minute(number, self._labels, self._zones())


def _rounded(seconds: float) -> float:
    return round(seconds, 2)
