"""A face that is followed from frame to frame."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fer_edge.geometry import Box

STEADY = 0.15  # seconds, time constant of a track's velocity
RESTLESS = 0.2  # difference of a probability from its smoothed value that tells that the expression changes


@dataclass(frozen=True)
class Detection:
    """A face in one frame.

    patch: what it looks like, uint8, when the cascade was asked. sure: false when it was only followed by its looks.
    """

    box: Box
    patch: NDArray[np.uint8] | None = None
    sure: bool = True


@dataclass(frozen=True, eq=False)
class TrackedFace:
    """A snapshot of a confirmed track after one frame.

    Attributes:
        number: Number of the track, from 1; unique in a run.
        box: Where the face is, pixels of the frame.
        emotion: Label index last reported.
        probabilities: float32 [classes], smoothed.
    """

    number: int
    box: Box
    emotion: int
    probabilities: NDArray[np.float32]

    @property
    def score(self) -> float:
        """Probability of the emotion, 0..1."""
        return float(self.probabilities[self.emotion])


@dataclass(eq=False)
class Track:
    """A face that is followed.

    box: where it is, or would be if it went on as it did. number: 0 until it is confirmed. emotion: the label index
    last reported.

    last_seen: when it was last known to be a face. seen, last_found: where and when it was last found, if only by its
    looks. velocity: pixels a second. patch, looked: what the cascade last saw, and when. probabilities: float32
    [classes], smoothed, or [0] before it is first classified. felt: when it last was. restless: whether it changes.
    """

    box: Box
    first_seen: float
    last_seen: float
    seen: Box
    last_found: float
    patch: NDArray[np.uint8] | None = None
    looked: float = -math.inf
    velocity: tuple[float, float] = (0.0, 0.0)
    sightings: int = 1
    number: int = 0
    probabilities: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    felt: float = -math.inf
    restless: bool = False
    emotion: int = -1
    leading_since: float = math.inf

    def at(self, time: float) -> Box:
        """Where it would be at a time, seconds, if it went on as it did."""
        passed = time - self.last_found
        return self.seen.translated(self.velocity[0] * passed, self.velocity[1] * passed)

    def snapshot(self) -> TrackedFace:
        """The track as others may keep it."""
        return TrackedFace(self.number, self.box, self.emotion, self.probabilities)

    def see(self, sighting: Detection, time: float) -> None:
        """Take in that it was found in the frame at `time`."""
        passed = time - self.last_found
        if passed > 0:
            weight = 1 - math.exp(-passed / STEADY)
            (x, y), (old_x, old_y), (vx, vy) = sighting.box.centre, self.seen.centre, self.velocity
            self.velocity = (
                vx + weight * ((x - old_x) / passed - vx),
                vy + weight * ((y - old_y) / passed - vy),
            )
        self.box, self.seen, self.last_found = sighting.box, sighting.box, time
        if sighting.sure:
            self.last_seen = time
            self.sightings += 1
        if sighting.patch is not None:
            self.patch, self.looked = sighting.patch, time

    def feel(self, probabilities: NDArray[np.float32], time: float, smoothing: float) -> None:
        """Take in what the classifier says of the frame at `time`; `smoothing` is the time constant, seconds."""
        if not self.probabilities.size:
            self.probabilities = probabilities
        else:
            difference = probabilities - self.probabilities
            self.restless = bool(np.abs(difference).max() > RESTLESS)
            weight = 1 - math.exp(-(time - self.felt) / smoothing)
            self.probabilities = self.probabilities + np.float32(weight) * difference
        self.felt = time
