"""Frames to events."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.frame import Frame
from fer_edge.config.model import PipelineOptions
from fer_edge.detection.haar import HaarDetector
from fer_edge.detection.pyramid import Pyramid
from fer_edge.events import Event
from fer_edge.geometry import Box
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.crop import crop_face, sharpness
from fer_edge.tracking.guided_detector import GuidedDetector
from fer_edge.tracking.track import Detection, Track, TrackedFace
from fer_edge.tracking.tracker import Change, Tracker, TrackRules

Measure = Callable[[str], AbstractContextManager[None]]  # times a stage, by its name

RESTLESS_TIMES = 3  # how much more often a face is classified whose expression changes


def _unmeasured(_: str) -> AbstractContextManager[None]:
    return nullcontext()


class Pipeline:
    """Finds, classifies and follows faces. A pure function of its frames: no thread, no clock, no network."""

    def __init__(
        self,
        classifier: EmotionClassifier,
        options: PipelineOptions | None = None,
        measure: Measure = _unmeasured,
    ) -> None:
        """Raises RuntimeError when this OpenCV has no cascade for faces."""
        self._measure = measure
        self._classifier = classifier
        self._options = options or PipelineOptions()
        self._detector = HaarDetector(self._options.min_face)
        self._finder = GuidedDetector(self._options.min_face)
        self._tracker = Tracker(TrackRules(min_score=self._options.min_score))
        self._last: Frame | None = None
        self._faces: tuple[TrackedFace, ...] = ()

    @property
    def face_count(self) -> int:
        """How many faces are tracked now."""
        return len(self._tracker.faces)

    @property
    def tracked_faces(self) -> tuple[TrackedFace, ...]:
        """The confirmed tracks of the last frame, the largest first; boxes in its pixels."""
        return self._faces

    @property
    def dominant_emotion(self) -> str | None:
        """The emotion of the dominant face."""
        face = self._tracker.dominant
        return self._classifier.labels[face.emotion] if face else None

    @property
    def dominant_score(self) -> float | None:
        """The probability of that emotion, 0..1."""
        face = self._tracker.dominant
        return face.snapshot().score if face else None

    @property
    def options(self) -> PipelineOptions:
        """What it goes by."""
        return self._options

    def adjust(self, options: PipelineOptions) -> None:
        """Go by other options from the next frame on; the faces that are followed are followed further."""
        if options.min_face != self._options.min_face:
            self._detector, self._finder = HaarDetector(options.min_face), GuidedDetector(options.min_face)
        self._tracker.rules = replace(self._tracker.rules, min_score=options.min_score)
        self._options = options

    def step(self, frame: Frame) -> list[Event]:
        """Take in the next frame; tell what happened."""
        events = self._between(frame)
        self._last = frame
        changes = self._still(frame) if frame.still else self._moving(frame)
        # The tracks of a still picture have ended with it, but theirs are the faces in it.
        tracks = [change.track for change in changes if change.type == "start"] if frame.still else self._tracker.faces
        self._faces = tuple(track.snapshot() for track in tracks)
        return events + self._events(changes, frame)

    def finish(self) -> list[Event]:
        """The frames have ended, or pause: an `end` for every face that is still followed."""
        self._finder.forget()
        return self._events(self._tracker.finish(), self._last)

    def _between(self, frame: Frame) -> list[Event]:
        """A scene of its own, or a frame of another size, has nothing to do with what was before."""
        related = self._last and not frame.still and frame.grey.shape == self._last.grey.shape
        return [] if related else self.finish()

    def _still(self, frame: Frame) -> list[Change]:
        self._tracker.see([Detection(box) for box in self._detector.detect(frame.grey)], frame.time)
        self._classify(self._tracker.tracks, frame)
        return self._tracker.show_still()

    def _moving(self, frame: Frame) -> list[Change]:
        height, width = frame.grey.shape
        ended = self._tracker.forget(frame.time, (width, height))
        with self._measure("find"):
            found = self._finder.find(Pyramid(frame.grey), self._tracker.tracks, frame.time, self._options.slowdown)
        self._tracker.see(found, frame.time)
        with self._measure("classify"):
            self._classify(self._due(frame.time), frame)
        return ended + self._tracker.judge(frame.time)

    def _due(self, time: float) -> list[Track]:
        """The faces to classify now: those that have waited longest first, of equals the largest."""
        here = [track for track in self._tracker.tracks if track.last_found == time]
        due = [track for track in here if time - track.felt >= self._pause(track)]
        return sorted(due, key=lambda track: (track.felt, -track.box.area))[: self._options.max_classifications]

    def _pause(self, track: Track) -> float:
        """Seconds from one look at a face to the next; a little less, as frames do not come on the dot."""
        return 0.9 * self._options.slowdown / (self._options.rate * (RESTLESS_TIMES if track.restless else 1))

    def _classify(self, tracks: list[Track], frame: Frame) -> None:
        for track in tracks:
            crop = self._crop(track.box, frame)
            if not track.probabilities.size or sharpness(crop) >= self._options.min_sharpness:
                self._tracker.feel(track, self._classifier.classify([crop])[0], frame.time)

    def _crop(self, box: Box, frame: Frame) -> NDArray[np.uint8]:
        margin, side = self._classifier.model.crop_margin, self._classifier.side
        if frame.detail is None:
            return crop_face(frame.grey, box, margin, side)
        times = frame.detail.shape[1] / frame.grey.shape[1]
        return crop_face(frame.detail, Box(*(round(times * value) for value in box)), margin, side)

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
            box=_fractions(track.box.clipped(width, height), width, height),
            frame=(width, height, frame.number),
            duration=track.last_seen - track.first_seen if change.type == "end" else None,
        )


def _fractions(box: Box, width: int, height: int) -> tuple[float, float, float, float]:
    return box.x / width, box.y / height, box.w / width, box.h / height
