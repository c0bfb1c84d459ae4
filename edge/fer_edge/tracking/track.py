"""A face that is tracked from frame to frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.detection.base import MAX_YAW, Detection, Prediction
from fer_edge.geometry import Box
from fer_edge.tracking.emotion_filter import EmotionFilter
from fer_edge.tracking.face_evidence import FaceEvidence
from fer_edge.tracking.motion import Motion


@dataclass(frozen=True, eq=False)
class TrackedFace:
    """A snapshot of a confirmed track after one frame.

    Attributes:
        number: Number of the track, from 1; unique in a run.
        box: Where the face is, or is expected while it is not detected; pixels of the frame.
        emotion: Label index last reported; None while no emotion is certain enough.
        probabilities: float32 [classes], smoothed.
        duration: Seconds from its first to its last verified detection.
        angle: How far the head is tilted, degrees clockwise: the face fills the box turned by it about its centre.
        zone: Name of the zone that holds the centre of the box; None outside all zones.
    """

    number: int
    box: Box
    emotion: int | None
    probabilities: NDArray[np.float32]
    duration: float = 0.0
    angle: float = 0.0
    zone: str | None = None

    @property
    def score(self) -> float:
        """Probability of the emotion, or the highest one if none is reported, 0..1."""
        return float(self.probabilities.max() if self.emotion is None else self.probabilities[self.emotion])


class Track:
    """A face over several frames; changed by the tracker alone.

    Attributes:
        motion: Where the face was last detected, and its velocity.
        emotions: Its probabilities, and the emotion that is reported.
        number: 0 until the track is confirmed.
        verifications: Number of verified detections, see `Detection`.
        verified_at: Time of the last of them, seconds.
        angle: How far the head is tilted, degrees clockwise; 0 without the face network.
        yaw: How far the head was turned to the side, degrees, when the face network last detected it; 0 without it.
        evidence: The checks by the face network; None without the network.
        denials: How often in a row the face network has denied the face, see `TrackRules`.
    """

    def __init__(self, detection: Detection, time: float) -> None:
        """Begin with a detection in the frame at `time`, seconds."""
        self.motion = Motion(detection.box, time)
        self.emotions = EmotionFilter()
        self.number = 0
        self.verifications = 1
        self.verified_at = self._created_at = time
        self.yaw, self.denials = detection.yaw, 0
        self.angle = detection.angle or 0.0
        self.evidence = None if detection.score is None else FaceEvidence()
        if self.evidence:
            self.evidence.add(detection)
        self._verified, self._checked_at, self._denied_at = True, time, -math.inf
        self._patch = detection.patch
        self._patch_time = -math.inf if detection.patch is None else time

    @property
    def settled(self) -> bool:
        """Whether the track is confirmed, or is a face that cannot be classified yet, since it is turned away."""
        return self.number > 0 or (self.evidence is not None and self.evidence.accepted)

    def bounds(self, time: float) -> Box:
        """The upright box around the face at `time`, seconds, and around where it was last detected."""
        return self.motion.box.hull(self.motion.at(time)).turned_bounds(self.angle)

    def predict(self, time: float) -> Prediction:
        """What a detector needs to know to find the face again in the frame at `time`, seconds."""
        return Prediction(
            expected=self.motion.at(time),
            last=self.motion.box,
            settled=self.settled,
            verified=self._verified,
            verifications=self.verifications,
            patch=self._patch,
            patch_age=time - self._patch_time,
            patch_is_latest=self._patch_time == self.motion.time,
            angle=self.angle,
            check_age=time - self._checked_at if self.evidence else 0.0,
            denied=self.denials > 0,
            turned_away=self.number > 0 and abs(self.yaw) > MAX_YAW,
        )

    def update(self, detection: Detection, time: float, denial_interval: float = 0.0) -> None:
        """Add a detection in the frame at `time`, seconds; of denials, only one in each `denial_interval` counts."""
        self._verified = detection.verified
        if detection.score is not None:
            if not detection.verified:
                self._deny(time, denial_interval)
                return
            self._checked_at = time
            self._approve(detection)
        self.motion = self.motion.updated(detection.box, time)
        if detection.verified:
            self.verified_at = time
            self.verifications += 1
        if detection.patch is not None:
            self._patch, self._patch_time = detection.patch, time

    def _deny(self, time: float, interval: float) -> None:
        if time - self._denied_at >= interval:
            self.denials += 1
            self._denied_at = self._checked_at = time

    def _approve(self, check: Detection) -> None:
        self.denials, self._denied_at = 0, -math.inf
        self.angle, self.yaw = check.angle or 0.0, check.yaw
        if self.evidence:
            self.evidence.add(check)

    def snapshot(self, time: float) -> TrackedFace:
        """The track in the frame at `time`, seconds."""
        return TrackedFace(
            number=self.number,
            box=self.motion.at(time),
            emotion=self.emotions.emotion,
            probabilities=self.emotions.probabilities,
            duration=self.verified_at - self._created_at,
            angle=self.angle,
        )
