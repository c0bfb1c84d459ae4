"""What the scores of a model on labelled faces reveal: its accuracy, and labels in the wrong order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from fer_data.formatting import percent
from fer_data.metrics import Scores, wilson_interval

MIN_GAIN = 0.25  # of what a perfect model gains over guessing, for another order of the labels to be suggested


@dataclass(frozen=True)
class Verdict:
    """How well a model classifies faces, as it is and with its labels in the best order.

    Attributes:
        scores: Its confusion matrix with the labels as they were given.
        best_order: The labels in the order in which most faces are classified correctly.
        best_accuracy: The accuracy then, 0..1.
    """

    scores: Scores
    best_order: tuple[str, ...]
    best_accuracy: float

    @classmethod
    def of(cls, labels: NDArray[np.int64], probabilities: NDArray[np.float32], classes: tuple[str, ...]) -> Verdict:
        """Compare true labels [N] with the scores [N,classes] of a model."""
        scores = Scores.of(labels, probabilities.argmax(axis=1), classes)
        true, predicted = linear_sum_assignment(scores.confusion, maximize=True)
        order = np.empty(len(classes), np.int64)
        order[predicted] = true
        best = scores.confusion[true, predicted].sum() / max(1, scores.count)
        return cls(scores, tuple(classes[label] for label in order), float(best))

    @property
    def guess(self) -> float:
        """The accuracy of always guessing the most frequent class, 0..1."""
        return max(self.scores.support.values()) / max(1, self.scores.count)

    @property
    def is_permuted(self) -> bool:
        """Whether another order of the labels is better, beyond chance."""
        low, _ = wilson_interval(self.best_accuracy, self.scores.count)
        return low > self.scores.interval[1] and low >= self.guess + MIN_GAIN * (1 - self.guess)

    def __str__(self) -> str:
        low, high = self.scores.interval
        return (
            f"{self.scores.count} faces: {percent(self.scores.accuracy, 2)} correct "
            f"(95 % interval {100 * max(0.0, low):.1f} to {100 * high:.1f} %; guessing the most frequent class: "
            f"{percent(self.guess, 2)})"
        )

    def warnings(self) -> Iterator[str]:
        """What is most likely wrong with the model, its labels or its scaling."""
        if self.is_permuted:
            better = f"--labels {','.join(self.best_order)} {percent(self.best_accuracy)} are correct"
            yield f"the labels appear to be in another order: with {better}"
        elif self.scores.interval[0] <= self.guess:
            yield "no better than guessing: try another --scaling, check --labels, and that the data suits the model"
