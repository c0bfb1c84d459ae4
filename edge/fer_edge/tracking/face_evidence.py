"""Whether a track is a face, judged by the checks of the face network."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from fer_edge.detection.base import Detection

FEW, MANY = 3, 8  # checks
HIGH_SCORE = 0.75  # mean of at least FEW checks that is enough, 0..1
LOW_SCORE = 0.65  # mean of MANY checks that is enough if they agree, 0..1
MAX_SPREAD = 0.3  # of checks that agree
POOR_SCORE = 0.58  # mean of at least FEW checks below which it is none, 0..1


class FaceEvidence:
    """The last checks of a track by the face network.

    A clear face has high scores. A face that is half hidden has lower ones, like some patterns; but on a face all
    checks put eyes, nose and mouth in the same places, and on a pattern each check, which searches another square, puts
    them elsewhere. The limits were chosen with all pictures of tests/benchmarks/faces.py in view, not with one half.

    Attributes:
        count: Number of checks that detected the face.
        accepted: Whether the checks are enough to call it a face; once it is, it remains so.
    """

    def __init__(self) -> None:
        self.count = 0
        self.accepted = False
        self._checks: deque[Detection] = deque(maxlen=MANY)

    @property
    def hopeless(self) -> bool:
        """Whether further checks are a waste of time."""
        poor = self.count >= FEW and self.score < POOR_SCORE
        return not self.accepted and (poor or self.count >= 2 * MANY)

    @property
    def score(self) -> float:
        """Mean score of the last checks, 0..1; 0 without any."""
        return sum(check.score or 0.0 for check in self._checks) / max(1, len(self._checks))

    @property
    def spread(self) -> float:
        """How much the last checks differ: standard deviations of the log of the width and of both angles, radians."""
        rows = [
            (math.log(check.box.w), math.radians(check.angle or 0.0), math.radians(check.yaw)) for check in self._checks
        ]
        return float(np.std(rows, axis=0).sum())

    def add(self, check: Detection) -> None:
        """Add a check that detected the face."""
        self.count += 1
        self._checks.append(check)
        clear = self.count >= FEW and self.score >= HIGH_SCORE
        steady = self.count % MANY == 0 and self.score >= LOW_SCORE and self.spread <= MAX_SPREAD
        self.accepted = self.accepted or clear or steady
