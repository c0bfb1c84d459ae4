"""Association of detections with tracks, and when a track starts and ends."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fer_edge.config.model import DEFAULT_MIN_SCORE, PipelineOptions
from fer_edge.detection.base import Detection, Prediction
from fer_edge.events import EventType
from fer_edge.geometry import Box
from fer_edge.tracking.classification import ClassificationRequest, due_tracks, request_for
from fer_edge.tracking.track import Track, TrackedFace
from fer_edge.zones import find_zone, is_ignored

DOMINANCE_RATIO = 1.5  # of areas; two faces of similar size must not alternate as the dominant one

Detect = Callable[[Sequence[Prediction]], Sequence[Detection]]  # the predicted faces of a frame, and new ones
Probabilities = NDArray[np.float32]  # [classes]
Classify = Callable[[Sequence[ClassificationRequest]], Sequence[Probabilities | None]]  # None: too blurred


@dataclass(frozen=True)
class TrackRules:
    """When a detection continues a track, and when a track starts and ends.

    Attributes:
        min_iou: Least intersection over union of a detection and the track that it continues, 0..1.
        min_verifications: Verified detections before a track is confirmed: a single one may be false.
        max_gap: Seconds that an unconfirmed track may go without a verified detection.
        lost_after: Seconds without a verified detection after which a track ends.
        exit_after: The same for a face that is expected outside the frame or in an ignored zone.
        max_denials: Denials in a row by the face network with which a track ends at once.
        denial_interval: Seconds between two denials that count; a shorter occlusion does not end a track.
    """

    min_iou: float = 0.25
    min_verifications: int = 3
    max_gap: float = 0.35
    lost_after: float = 1.0
    exit_after: float = 0.1
    max_denials: int = 2
    denial_interval: float = 0.3


@dataclass(frozen=True)
class Change:
    """What happened to a track in a frame.

    Attributes:
        type: Whether it started, changed its emotion, or ended.
        face: The track at that moment; at its end, where it was last detected.
        previous: Label index before an update, None if no emotion was certain enough; None before other changes.
    """

    type: EventType
    face: TrackedFace
    previous: int | None = None


class Tracker:
    """Tracks faces by position and velocity. Deterministic: depends only on frames and timestamps.

    Attributes:
        faces: The confirmed tracks after the last frame, the largest first.
    """

    def __init__(
        self,
        options: PipelineOptions | None = None,
        rules: TrackRules | None = None,
        min_scores: Mapping[int, float] | None = None,
    ) -> None:
        """A tracker without tracks.

        Args:
            options: How faces are classified and reported.
            rules: When tracks start and end.
            min_scores: The minimum scores of the model file, see ModelFile.min_scores; `options` may override them.
        """
        self.faces: tuple[TrackedFace, ...] = ()
        self._options, self._rules = options or PipelineOptions(), rules or TrackRules()
        self._min_scores = min_scores or {}
        self._tracks: list[Track] = []
        self._last_number = 0
        self._dominant_number = 0
        self._time = 0.0
        self._frame_size = (0, 0)

    @property
    def dominant(self) -> TrackedFace | None:
        """The dominant face: the largest, until it ends or another one is clearly larger."""
        return next((face for face in self.faces if face.number == self._dominant_number), None)

    @property
    def possible_faces(self) -> dict[Hashable, Box]:
        """Where there may be faces in the last frame, by track: those that are not confirmed yet, too."""
        return {track: track.bounds(self._time) for track in self._tracks}

    def adjust(self, options: PipelineOptions) -> None:
        """Use other options from the next frame on; the tracks continue."""
        self._options = options

    def step(self, time: float, frame_size: tuple[int, int], detect: Detect, classify: Classify) -> list[Change]:
        """Process a frame of a video.

        Args:
            time: Time of the frame, seconds.
            frame_size: Its width and height, pixels.
            detect: Called once, to detect the faces in the frame.
            classify: Called once, to classify those that are due, if any.
        """
        self._frame_size = frame_size
        ended = self._end([track for track in self._tracks if self._is_lost(track, time)])
        predictions = [track.predict(time) for track in self._tracks]
        self._associate(detect(predictions), [prediction.expected for prediction in predictions], time)
        ended += self._end([track for track in self._tracks if track.denials >= self._rules.max_denials])
        self._classify(self._due_tracks(time), classify)
        changes = [change for track in self._tracks if (change := self._change(track))]
        self._update_faces()
        return ended + changes

    def step_still(
        self, time: float, frame_size: tuple[int, int], detections: Sequence[Detection], classify: Classify
    ) -> list[Change]:
        """Process a picture that stands alone: every detected face is confirmed at once, and ends with the picture.

        Args:
            time: Time of the picture, seconds.
            frame_size: Its width and height, pixels.
            detections: The faces in it.
            classify: Called once, to classify all of them.
        """
        ended = self.finish()
        self._frame_size = frame_size
        self._associate(detections, [], time)
        self._classify(self._tracks, classify)
        return ended + [self._start(track) for track in self._tracks] + self.finish()

    def finish(self) -> list[Change]:
        """End all tracks."""
        changes = self._end(list(self._tracks))
        self._update_faces()
        return changes

    def _is_lost(self, track: Track, time: float) -> bool:
        expected = track.motion.at(time)
        inside = expected.is_centred_in(*self._frame_size) and not self._is_ignored(expected)
        return time - track.verified_at > (self._rules.lost_after if inside else self._rules.exit_after)

    def _is_ignored(self, box: Box) -> bool:
        return is_ignored(self._options.zones, box, self._frame_size)

    def _associate(self, detections: Sequence[Detection], expected: Sequence[Box], time: float) -> None:
        """Update the tracks, expected at these boxes, with the detections that continue them; begin new ones."""
        self._time = time
        matched = self._match(detections, expected)
        for index, track in matched.items():
            track.update(detections[index], time, self._rules.denial_interval)
        new = [d for index, d in enumerate(detections) if index not in matched and d.verified]
        self._tracks = [track for track in self._tracks if track.settled or self._may_be_face(track, time)]
        self._tracks = [*self._tracks, *(Track(detection, time) for detection in new)]

    def _may_be_face(self, track: Track, time: float) -> bool:
        """Whether a track is worth another check."""
        hopeless = track.evidence is not None and track.evidence.hopeless
        return time - track.verified_at <= self._rules.max_gap and not hopeless

    def _match(self, detections: Sequence[Detection], expected: Sequence[Box]) -> dict[int, Track]:
        """The track that each detection continues, by the index of the detection; the best overlaps first."""
        overlaps = [
            (detection.box.iou(box), -t, -d) for t, box in enumerate(expected) for d, detection in enumerate(detections)
        ]
        matched: dict[int, Track] = {}
        taken: set[int] = set()
        for iou, t, d in sorted(overlaps, reverse=True):
            if iou >= self._rules.min_iou and -t not in taken and -d not in matched:
                matched[-d] = self._tracks[-t]
                taken.add(-t)
        return matched

    def _classify(self, tracks: Sequence[Track], classify: Classify) -> None:
        results = classify([request_for(track) for track in tracks])
        for track, probabilities in zip(tracks, results, strict=True):
            if probabilities is not None:
                track.emotions.update(probabilities, self._time, self._options.smoothing)

    def _change(self, track: Track) -> Change | None:
        if not track.emotions.classified or self._is_ignored(track.motion.at(self._time)):
            return None
        if not track.number:
            return self._start(track) if self._is_face(track) else None
        previous = track.emotions.emotion
        if not track.emotions.switch(self._time, self._options.hold, self._min_score):
            return None
        return Change("update", self._snapshot(track, self._time), previous)

    def _min_score(self, label: int) -> float:
        own = self._options.min_score
        return self._min_scores.get(label, DEFAULT_MIN_SCORE) if own is None else own

    def _is_face(self, track: Track) -> bool:
        """Whether there is enough evidence to confirm a track."""
        enough = track.verifications >= self._rules.min_verifications
        return enough and (track.evidence is None or track.evidence.accepted)

    def _due_tracks(self, time: float) -> list[Track]:
        """The tracks to classify: those that the network has to confirm first can wait."""
        tracks = [track for track in self._tracks if track.number or not track.evidence or self._is_face(track)]
        return due_tracks(tracks, time, self._options)

    def _start(self, track: Track) -> Change:
        self._last_number += 1
        track.number = self._last_number
        track.emotions.start(self._min_score)
        return Change("start", self._snapshot(track, self._time))

    def _end(self, tracks: Sequence[Track]) -> list[Change]:
        self._tracks = [track for track in self._tracks if track not in tracks]
        return [Change("end", self._snapshot(track, track.motion.time)) for track in tracks if track.number]

    def _snapshot(self, track: Track, time: float) -> TrackedFace:
        """The track in the frame at `time`, seconds, with its zone."""
        face = track.snapshot(time)
        previous = next((known.zone for known in self.faces if known.number == face.number), None)
        zone = find_zone(self._options.zones, face.box, self._frame_size, previous)
        return replace(face, zone=zone.name) if zone and not zone.ignored else face

    def _update_faces(self) -> None:
        confirmed = [track for track in self._tracks if track.number]
        confirmed.sort(key=lambda track: (-_area(track), track.number))
        self.faces = tuple(self._snapshot(track, self._time) for track in confirmed)
        dominant = next((track for track in confirmed if track.number == self._dominant_number), None)
        if confirmed and (not dominant or _area(confirmed[0]) > DOMINANCE_RATIO * _area(dominant)):
            self._dominant_number = confirmed[0].number


def _area(track: Track) -> int:
    return track.motion.box.area
