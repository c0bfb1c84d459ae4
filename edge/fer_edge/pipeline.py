"""Frames to events."""

from __future__ import annotations

from .emotions import EmotionClassifier, crop_face
from .events import Event
from .faces import Box, FaceDetector
from .frames import Frame
from .tracks import Change, Sighting, Track, Tracker


class Pipeline:
    """Finds, classifies and follows faces. A pure function of its frames: no thread, no clock, no network."""

    def __init__(self, detector: FaceDetector, classifier: EmotionClassifier, tracker: Tracker) -> None:
        self._detector, self._classifier, self._tracker = detector, classifier, tracker
        self._last: Frame | None = None
        self._followed: list[Track] = []

    @property
    def faces(self) -> int:
        """How many faces are followed now."""
        return len(self._tracker.faces)

    @property
    def followed(self) -> list[Track]:
        """The confirmed tracks of the last frame, the largest first; boxes in its pixels."""
        return self._followed

    @property
    def dominant(self) -> str | None:
        """The emotion of the face that counts most."""
        face = self._tracker.dominant
        return self._classifier.labels[face.emotion] if face else None

    @property
    def score(self) -> float | None:
        """The probability of that emotion, 0..1."""
        face = self._tracker.dominant
        return float(face.probabilities[face.emotion]) if face else None

    def step(self, frame: Frame) -> list[Event]:
        """Take in the next frame; tell what happened."""
        boxes = self._detector.detect(frame.grey)
        margin, side = self._classifier.model.crop_margin, self._classifier.side
        probabilities = self._classifier.classify(crop_face(frame.grey, box, margin, side) for box in boxes)
        sightings = [Sighting(box, row) for box, row in zip(boxes, probabilities, strict=True)]
        self._last = frame
        take_in = self._tracker.show_still if frame.still else self._tracker.step
        changes = take_in(sightings, frame.time)
        # The tracks of a still picture have ended with it, but they are what it shows.
        shown = [change.track for change in changes if change.type == "start"]
        self._followed = shown if frame.still else self._tracker.faces
        return self._events(changes, frame)

    def finish(self) -> list[Event]:
        """The frames have ended: an `end` for every face that is still followed."""
        return self._events(self._tracker.finish(), self._last)

    def _events(self, changes: list[Change], frame: Frame | None) -> list[Event]:
        return [self._event(change, frame) for change in changes] if frame else []

    def _event(self, change: Change, frame: Frame) -> Event:
        track, labels = change.track, self._classifier.labels
        height, width = frame.grey.shape
        return Event(
            type=change.type,
            time=frame.time,
            track=track.number,
            emotion=labels[track.emotion],
            scores={label: float(p) for label, p in zip(labels, track.probabilities, strict=True)},
            previous=None if change.previous is None else labels[change.previous],
            box=_fractions(track.box, width, height),
            frame=(width, height, frame.number),
            duration=track.last_seen - track.first_seen if change.type == "end" else None,
        )


def _fractions(box: Box, width: int, height: int) -> tuple[float, float, float, float]:
    return box.x / width, box.y / height, box.w / width, box.h / height
