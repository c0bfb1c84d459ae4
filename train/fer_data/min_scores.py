"""Minimum scores: from which probability on enough of the predictions of a class are correct."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

GRID = np.arange(100) / 100  # the minimum scores to choose from
MIN_FACES = 10  # a precision of fewer means little


class MinScore(NamedTuple):
    """A minimum score of a class, and what it gives.

    Attributes:
        score: The probability, 0..1.
        precision: The share, 0..1, of the faces predicted as the class, from the score on, that belong to it.
        recall: The share, 0..1, of the faces of the class that are among them; None for a class without faces.
    """

    score: float
    precision: float
    recall: float | None


def choose_min_scores(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating[Any]], precision: float
) -> list[MinScore | None]:
    """For each class the least minimum score with which its predictions reach a precision.

    As on the device, a face is predicted as its most probable class, and only then compared with the score.

    Args:
        labels: int64 [N].
        probabilities: [N,classes], 0..1.
        precision: The share of correct predictions to reach, 0..1.

    Returns:
        For each class the least of GRID that reaches it with at least MIN_FACES faces, or None.
    """
    predicted = probabilities.argmax(axis=1)
    return [
        _choose(labels == label, np.where(predicted == label, probabilities[:, label], -1.0), precision)
        for label in range(probabilities.shape[1])
    ]


def _choose(positive: NDArray[np.bool_], scores: NDArray[np.floating[Any]], precision: float) -> MinScore | None:
    for score in GRID:
        chosen = scores >= score
        if chosen.sum() < MIN_FACES:
            return None
        correct = int((chosen & positive).sum())
        if correct >= precision * chosen.sum():
            recall = correct / positive.sum() if positive.any() else None
            return MinScore(float(score), correct / int(chosen.sum()), recall)
    return None
