"""Risk and coverage: with a minimum score, how many faces get an answer, and how many of the answers are correct.

El-Yaniv and Wiener, Journal of Machine Learning Research 11, 2010.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.operating_points import Values


class Answers(NamedTuple):
    """What a minimum score gives.

    Attributes:
        min_score: The probability, 0..1, that the predicted class must reach.
        answered: The share of the faces, 0..1, for which it does.
        accuracy: The share of those, 0..1, that are predicted correctly; None without any.
    """

    min_score: float
    answered: float
    accuracy: float | None


@dataclass(frozen=True)
class RiskCoverage:
    """The answers at each score that occurs, as arrays [points].

    Attributes:
        scores: The minimum scores, float64, falling.
        answered: The share of the faces that reach each, float64, 0..1, rising.
        accuracy: The share of those that are predicted correctly, float64, 0..1.
    """

    scores: NDArray[np.float64]
    answered: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @classmethod
    def of(cls, labels: NDArray[np.int64], probabilities: Values) -> RiskCoverage:
        """Compare labels [N] with probabilities [N,classes], 0..1."""
        top = probabilities.max(axis=1).astype(np.float64)
        order = np.argsort(-top, kind="stable")
        correct = np.cumsum((probabilities.argmax(axis=1) == labels)[order])
        scores, counts = np.unique(-top, return_counts=True)
        faces = np.cumsum(counts)
        return cls(-scores, faces / max(1, len(labels)), correct[faces - 1] / faces)

    def at(self, min_score: float) -> Answers:
        """The answers at a minimum score, 0..1."""
        reached = int((self.scores >= min_score).sum())
        if not reached:
            return Answers(min_score, 0.0, None)
        return Answers(min_score, float(self.answered[reached - 1]), float(self.accuracy[reached - 1]))
