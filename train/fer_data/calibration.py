"""Calibration: how well the probability of a prediction matches its chance of being correct."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_data.operating_points import Values

BINS = 15  # as in Guo et al.


@dataclass(frozen=True)
class Calibration:
    """Accuracy by confidence, in bins of equal width; bin m holds the confidences (m/bins, (m+1)/bins].

    Attributes:
        confidence: The mean probability in each bin, float64 [bins], 0..1; 0 in an empty bin.
        accuracy: The share of correct predictions in each bin, likewise.
        count: The number of faces in each bin, int64 [bins].
        variance: In each bin the sum of p (1 - p) over the confidences p, float64 [bins].
    """

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    count: NDArray[np.int64]
    variance: NDArray[np.float64]

    @property
    def ece(self) -> float:
        """The expected calibration error, 0..1 (Guo et al., arXiv:1706.04599, equation 3); 0 without faces."""
        gaps = np.abs(self.accuracy - self.confidence)
        return float((self.count * gaps).sum()) / max(1, int(self.count.sum()))

    @property
    def ece_exact(self) -> float:
        """The mean error, 0..1, if each prediction were correct with exactly the probability of its confidence.

        Above 0, since a bin of a few faces is off by chance; by the normal approximation of their number.
        """
        return float(np.sqrt(2 / np.pi * self.variance).sum()) / max(1, int(self.count.sum()))


def calibrate(labels: NDArray[np.int64], probabilities: Values, bins: int = BINS) -> Calibration:
    """Bin the top probability of each face; labels [N], probabilities [N,classes]."""
    top = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    member = np.digitize(top, np.linspace(0, 1, bins + 1)[1:-1], right=True)
    count = np.bincount(member, minlength=bins)
    filled = np.maximum(count, 1)
    return Calibration(
        np.bincount(member, top, bins) / filled,
        np.bincount(member, correct.astype(np.float64), bins) / filled,
        count,
        np.asarray(np.bincount(member, top * (1 - top), bins), np.float64),
    )
