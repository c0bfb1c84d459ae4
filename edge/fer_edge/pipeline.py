"""From frames to events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.affect import AXES, estimate_affect, has_affect
from fer_edge.cameras.frame import Frame
from fer_edge.config.model import DEFAULT_MIN_SCORE, PipelineOptions
from fer_edge.detection.base import Detection, Detectors, Prediction
from fer_edge.detection.pyramid import Pyramid
from fer_edge.detection.still_detector import StillDetector
from fer_edge.events import Event
from fer_edge.geometry import Box
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.crop import crop_face, sharpness
from fer_edge.tracking.classification import ClassificationRequest
from fer_edge.tracking.guided_detector import GuidedDetector
from fer_edge.tracking.track import TrackedFace
from fer_edge.tracking.tracker import Change, Tracker

Measure = Callable[[str], AbstractContextManager[None]]  # times a stage, by its name


def _unmeasured(_: str) -> AbstractContextManager[None]:
    return nullcontext()


class Pipeline:
    """Detects, tracks and classifies the faces of frame after frame.

    A pure function of the frames: no thread, no clock, no network.
    """

    def __init__(
        self,
        classifier: EmotionClassifier,
        options: PipelineOptions | None = None,
        measure: Measure = _unmeasured,
        detectors: Detectors | None = None,
    ) -> None:
        """Raises RuntimeError if this OpenCV comes without the cascade for faces."""
        self._detectors = detectors or Detectors()
        self._classifier, self._measure = classifier, measure
        self._options = _with_min_score(options or PipelineOptions(), classifier)
        self._still_detector, self._video_detector = self._make_detectors(self._options)
        self._contrast = self._detectors.contrast_stretch()
        self._tracker = Tracker(self._options, min_scores=classifier.model.min_scores)
        self._last_frame: Frame | None = None
        self._tracked_faces: tuple[TrackedFace, ...] = ()

    @property
    def face_count(self) -> int:
        """The number of faces that are tracked now; 0 after a still picture, because its tracks end with it."""
        return len(self._tracker.faces)

    @property
    def tracked_faces(self) -> tuple[TrackedFace, ...]:
        """The faces of the last frame, the largest first; boxes in its pixels."""
        return self._tracked_faces

    @property
    def possible_faces(self) -> dict[Hashable, Box]:
        """Where there may be faces in the last frame, by track; pixels. Includes faces that are not confirmed."""
        if self._last_frame and self._last_frame.still:  # its tracks have ended
            return {face.number: face.box.turned_bounds(face.angle) for face in self._tracked_faces}
        return self._tracker.possible_faces

    @property
    def dominant_face(self) -> TrackedFace | None:
        """The dominant face, see `Tracker.dominant`."""
        return self._tracker.dominant

    @property
    def dominant_emotion(self) -> str | None:
        """The emotion of the dominant face, see `Tracker.dominant`; None also while none is certain enough."""
        face = self._tracker.dominant
        return None if face is None or face.emotion is None else self._classifier.labels[face.emotion]

    @property
    def dominant_score(self) -> float | None:
        """The score of the dominant face, see `TrackedFace.score`."""
        face = self._tracker.dominant
        return face.score if face else None

    @property
    def dominant_scores(self) -> dict[str, float] | None:
        """The score of each label for the dominant face; None without a face."""
        face = self._tracker.dominant
        return _scores(face, self._classifier.labels) if face else None

    @property
    def dominant_affect(self) -> dict[str, float] | dict[str, None]:
        """The valence and arousal of the dominant face, see `estimate_affect`; None each without a face."""
        labels, face = self._classifier.labels, self._tracker.dominant
        if face:
            return estimate_affect(_scores(face, labels))
        return dict.fromkeys(AXES) if has_affect(labels) else {}

    @property
    def zone_state(self) -> dict[str, Any]:
        """The zone of the dominant face, and the number of faces in each zone; nothing without zones."""
        if not self._options.zones:
            return {}
        counts = Counter(face.zone for face in self._tracker.faces)
        face = self._tracker.dominant
        return {"zone": face and face.zone, "zones": {name: counts[name] for name in self._options.zone_names}}

    @property
    def options(self) -> PipelineOptions:
        """The options in use."""
        return self._options

    def adjust(self, options: PipelineOptions) -> None:
        """Use other options from the next frame on; the tracks continue."""
        if (options.min_face, options.zones) != (self._options.min_face, self._options.zones):
            self._still_detector, self._video_detector = self._make_detectors(options)
        self._tracker.adjust(options)
        self._options = options

    def step(self, frame: Frame) -> list[Event]:
        """Process the next frame and return what happened."""
        events = [] if self._continues(frame) else self.finish()
        self._last_frame = frame
        if frame.still:
            changes = self._step_still(frame)
            self._tracked_faces = tuple(change.face for change in changes if change.type == "start")
        else:
            changes = self._step_video(frame)
            self._tracked_faces = self._tracker.faces
        return events + self._events(changes, frame)

    def finish(self) -> list[Event]:
        """End every track, because the frames have ended or are paused."""
        self._video_detector.reset()
        if self._contrast:
            self._contrast.reset()
        return self._events(self._tracker.finish(), self._last_frame)

    def _make_detectors(self, options: PipelineOptions) -> tuple[StillDetector, GuidedDetector]:
        arguments = (options.min_face, self._detectors, options.zones)
        return StillDetector(*arguments), GuidedDetector(*arguments)

    def _continues(self, frame: Frame) -> bool:
        """Whether a frame belongs to the same video as the one before: neither a still picture nor of another size."""
        last = self._last_frame
        return last is not None and not frame.still and frame.grey.shape == last.grey.shape

    def _step_still(self, frame: Frame) -> list[Change]:
        detections = self._still_detector.detect(frame.grey, self._contrast)
        height, width = frame.grey.shape
        return self._tracker.step_still(frame.time, (width, height), detections, partial(self._classify, frame))

    def _step_video(self, frame: Frame) -> list[Change]:
        def detect(predictions: Sequence[Prediction]) -> list[Detection]:
            with self._measure("find"):
                pyramid = Pyramid(frame.grey)
                if self._contrast:
                    pyramid = self._contrast.stretch(pyramid, frame.time)
                return self._video_detector.detect(pyramid, predictions, frame.time, self._options.slowdown)

        def classify(requests: Sequence[ClassificationRequest]) -> list[NDArray[np.float32] | None]:
            with self._measure("classify"):
                return self._classify(frame, requests)

        height, width = frame.grey.shape
        return self._tracker.step(frame.time, (width, height), detect, classify)

    def _classify(self, frame: Frame, requests: Sequence[ClassificationRequest]) -> list[NDArray[np.float32] | None]:
        """Probabilities float32 [classes] of each face; None for one that is too blurred."""
        results: list[NDArray[np.float32] | None] = []
        for request in requests:
            crop = self._crop(request, frame)
            usable = request.required or sharpness(crop) >= self._options.min_sharpness
            views = [crop[:, ::-1] if mirrored else crop for mirrored in request.views]
            results.append(self._mean_of(views) if usable else None)
        return results

    def _mean_of(self, views: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """The mean of the probabilities of some views of a face, float32 [classes]."""
        probabilities = self._classifier.classify(views)
        return probabilities[0] if len(views) == 1 else np.asarray(probabilities.mean(axis=0), np.float32)

    def _crop(self, request: ClassificationRequest, frame: Frame) -> NDArray[np.uint8]:
        margin, side = self._classifier.model.crop_margin, self._classifier.side
        picture, box = frame.grey, request.box
        if frame.detail is not None:
            scale = frame.detail.shape[1] / frame.grey.shape[1]
            picture, box = frame.detail, Box(*(round(scale * value) for value in box))
        return crop_face(picture, box, margin, side, request.angle, self._contrast)

    def _events(self, changes: list[Change], frame: Frame | None) -> list[Event]:
        return [self._event(change, frame) for change in changes] if frame else []

    def _event(self, change: Change, frame: Frame) -> Event:
        face, labels = change.face, self._classifier.labels
        height, width = frame.grey.shape
        return Event(
            type=change.type,
            time=frame.time,
            track=face.number,
            emotion=None if face.emotion is None else labels[face.emotion],
            scores=_scores(face, labels),
            previous=None if change.previous is None else labels[change.previous],
            box=_fractions(face.box.clipped(width, height), width, height),
            frame=(width, height, frame.number),
            duration=face.duration if change.type == "end" else None,
            file=frame.file,
            zone=(face.zone or "") if self._options.zones else None,
        )


def _with_min_score(options: PipelineOptions, classifier: EmotionClassifier) -> PipelineOptions:
    """The options, with the default minimum score unless the model file has those of its classes."""
    if options.min_score is None and not classifier.model.min_scores:
        return replace(options, min_score=DEFAULT_MIN_SCORE)
    return options


def _scores(face: TrackedFace, labels: Sequence[str]) -> dict[str, float]:
    return {label: float(p) for label, p in zip(labels, face.probabilities, strict=True)}


def _fractions(box: Box, width: int, height: int) -> tuple[float, float, float, float]:
    return box.x / width, box.y / height, box.w / width, box.h / height
