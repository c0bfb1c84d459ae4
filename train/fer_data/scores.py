"""How well predicted labels match true ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Scores:
    """A confusion matrix, int64 [classes,classes] (row: true class, column: predicted), and what follows from it."""

    confusion: NDArray[np.int64]
    classes: tuple[str, ...]

    @classmethod
    def of(cls, labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: tuple[str, ...]) -> Scores:
        """Count labels against predictions, both int64 [N]."""
        confusion = np.zeros((len(classes), len(classes)), np.int64)
        np.add.at(confusion, (labels, predicted), 1)
        return cls(confusion, classes)

    @property
    def count(self) -> int:
        """How many faces were judged."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The share of faces that were called right, 0..1."""
        return float(np.trace(self.confusion) / max(1, self.count))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy."""
        return wilson(self.accuracy, self.count)

    @property
    def support(self) -> dict[str, int]:
        """For each class the number of its faces."""
        return dict(zip(self.classes, self.confusion.sum(axis=1).tolist(), strict=True))

    @property
    def recall(self) -> dict[str, float | None]:
        """For each class the share of its faces that were called by its name; None for a class without faces."""
        return self._shares(self.confusion.sum(axis=1))

    @property
    def recall_interval(self) -> dict[str, tuple[float, float] | None]:
        """For each class the 95 % interval of its recall; None for a class without faces."""
        return {
            name: None if recall is None else wilson(recall, self.support[name]) for name, recall in self.recall.items()
        }

    @property
    def precision(self) -> dict[str, float | None]:
        """For each class the share of the faces called by its name that are its own; None for a name never said."""
        return self._shares(self.confusion.sum(axis=0))

    @property
    def f1(self) -> dict[str, float | None]:
        """For each class the harmonic mean of precision and recall: 0 when never right, None for one without faces."""
        both = (self.confusion.sum(axis=0) + self.confusion.sum(axis=1)) / 2
        shares = self._shares(both)
        return {name: shares[name] if faces else None for name, faces in self.support.items()}

    @property
    def balanced_accuracy(self) -> float:
        """The mean recall of the classes that have faces; 0 without any."""
        return _mean(self.recall)

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the classes that have faces; 0 without any."""
        return _mean(self.f1)

    def as_json(self) -> dict[str, Any]:
        """All of it, for a JSON file."""
        return {
            "faces": self.count,
            "accuracy": self.accuracy,
            "interval95": self.interval,
            "balanced_accuracy": self.balanced_accuracy,
            "macro_f1": self.macro_f1,
            "recall": self.recall,
            "precision": self.precision,
            "f1": self.f1,
            "support": self.support,
            "classes": self.classes,
            "confusion": self.confusion.tolist(),
        }

    def _shares(self, totals: NDArray[Any]) -> dict[str, float | None]:
        """The diagonal as shares of `totals` [classes]; None where the total is 0."""
        return {
            name: float(right / total) if total else None
            for name, right, total in zip(self.classes, np.diag(self.confusion), totals, strict=True)
        }


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval, 0..1, of a share that was seen in `count` trials (Wilson, JASA 22, 1927)."""
    n, z = max(1, count), 1.96
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return centre - half, centre + half


def _mean(shares: dict[str, float | None]) -> float:
    known = [value for value in shares.values() if value is not None]
    return sum(known) / max(1, len(known))
