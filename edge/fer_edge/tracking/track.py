"""A face that is tracked from frame to frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.detection.base import Detection, Prediction
from fer_edge.geometry import Box
from fer_edge.tracking.emotion_filter import EmotionFilter
from fer_edge.tracking.motion import Motion


@dataclass(frozen=True, eq=False)
class TrackedFace:
    """A snapshot of a confirmed track after one frame.

    Attributes:
        number: Number of the track, from 1; unique in a run.
        box: Where the face is, or is expected while it is not detected; pixels of the frame.
        emotion: Label index last reported.
        probabilities: float32 [classes], smoothed.
        duration: Seconds from its first to its last verified detection.
    """

    number: int
    box: Box
    emotion: int
    probabilities: NDArray[np.float32]
    duration: float = 0.0

    @property
    def score(self) -> float:
        """Probability of the emotion, 0..1."""
        return float(self.probabilities[self.emotion])


class Track:
    """A face over several frames; changed by the tracker alone.

    Attributes:
        motion: Where the face was last detected, and its velocity.
        emotions: Its probabilities, and the emotion that is reported.
        number: 0 until the track is confirmed.
        verifications: Number of verified detections, see `Detection`.
        verified_at: Time of the last of them, seconds.
    """

    def __init__(self, detection: Detection, time: float) -> None:
        """Begin with a detection in the frame at `time`, seconds."""
        self.motion = Motion(detection.box, time)
        self.emotions = EmotionFilter()
        self.number = 0
        self.verifications = 1
        self.verified_at = self._created_at = time
        self._patch = detection.patch
        self._patch_time = -math.inf if detection.patch is None else time

    def predict(self, time: float) -> Prediction:
        """What a detector needs to know to find the face again in the frame at `time`, seconds."""
        return Prediction(
            expected=self.motion.at(time),
            last=self.motion.box,
            confirmed=self.number > 0,
            verified=self.verified_at == self.motion.time,
            verifications=self.verifications,
            patch=self._patch,
            patch_age=time - self._patch_time,
            patch_is_latest=self._patch_time == self.motion.time,
        )

    def update(self, detection: Detection, time: float) -> None:
        """Add a detection in the frame at `time`, seconds."""
        self.motion = self.motion.updated(detection.box, time)
        if detection.verified:
            self.verified_at = time
            self.verifications += 1
        if detection.patch is not None:
            self._patch, self._patch_time = detection.patch, time

    def snapshot(self, time: float) -> TrackedFace:
        """The track in the frame at `time`, seconds."""
        return TrackedFace(
            number=self.number,
            box=self.motion.at(time),
            emotion=self.emotions.emotion,
            probabilities=self.emotions.probabilities,
            duration=self.verified_at - self._created_at,
        )
