"""Metrics of a classifier: confusion matrix, precision, recall, F1, ROC and precision-recall curves, by scikit-learn.

A class without faces has no recall, F1 or curve: None, and left out of every mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.calibration import Calibration, calibrate
from fer_data.operating_points import THRESHOLDS, Flags, OperatingPoint, Values, operating_point
from fer_data.risk_coverage import RiskCoverage
from fer_edge.config.model import DEFAULT_MIN_SCORE

Z_95 = 1.96  # standard deviations to each side that hold 95 % of a normal distribution


@dataclass(frozen=True)
class Scores:
    """A confusion matrix and what follows from it.

    Attributes:
        classes: The class names, in label order.
        confusion: int64 [classes,classes], faces; row: true class, column: predicted class.
        recall: The share, 0..1, of the faces of each class that are predicted as it; None for a class without faces.
        precision: The share, 0..1, of the faces predicted as a class that belong to it; None if never predicted.
        f1: The harmonic mean of both; 0 for a class never predicted correctly, None for a class without faces.
    """

    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    recall: dict[str, float | None]
    precision: dict[str, float | None]
    f1: dict[str, float | None]

    @classmethod
    def of(cls, labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: tuple[str, ...]) -> Scores:
        """Compare true labels with predicted ones, both int64 [N], indices into `classes`."""
        from sklearn import metrics

        size = len(classes)
        if not len(labels):  # scikit-learn takes no empty arrays
            nothing: dict[str, float | None] = dict.fromkeys(classes)
            return cls(classes, np.zeros((size, size), np.int64), nothing, nothing, nothing)
        confusion = metrics.confusion_matrix(labels, predicted, labels=range(size))
        precision, recall, f1, support = metrics.precision_recall_fscore_support(
            labels, predicted, labels=range(size), zero_division=np.nan
        )
        f1 = np.where(support > 0, f1, np.nan)
        shares = (dict(zip(classes, map(_known, values), strict=True)) for values in (recall, precision, f1))
        return cls(classes, np.asarray(confusion, np.int64), *shares)

    @property
    def count(self) -> int:
        """The number of faces."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The share of faces predicted correctly, 0..1; 0 without any."""
        return float(np.trace(self.confusion) / max(1, self.count))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy."""
        return wilson_interval(self.accuracy, self.count)

    @property
    def chance(self) -> float:
        """The share, 0..1, that would be correct if the same predictions were assigned to the faces at random.

        It is what Cohen's kappa (Educational and Psychological Measurement 20, 1960) measures agreement against, and
        the accuracy of a model that always predicts one class.
        """
        shares = self.confusion / max(1, self.count)
        return float(shares.sum(axis=0) @ shares.sum(axis=1))

    @property
    def support(self) -> dict[str, int]:
        """The number of faces of each class."""
        return dict(zip(self.classes, self.confusion.sum(axis=1).tolist(), strict=True))

    @property
    def recall_interval(self) -> dict[str, tuple[float, float] | None]:
        """The 95 % interval of the recall of each class; None for a class without faces."""
        return {
            name: None if recall is None else wilson_interval(recall, self.support[name])
            for name, recall in self.recall.items()
        }

    @property
    def balanced_accuracy(self) -> float:
        """The mean recall of the classes that have faces, 0..1; 0 without any."""
        return macro_average(self.recall.values()) or 0.0

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the classes that have faces, 0..1; 0 without any."""
        return macro_average(self.f1.values()) or 0.0

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


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval, 0..1, of a share observed in `count` trials (Wilson, JASA 22, 1927)."""
    n, z = max(1, count), Z_95
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = min(share, centre - half), max(share, centre + half)  # without this, rounding may exclude the share
    return max(0.0, low), min(1.0, high)


def macro_average(values: Iterable[float | None]) -> float | None:
    """The mean of the values that are not None; None without any."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


@dataclass(frozen=True)
class Roc:
    """The receiver operating characteristic of one class (Fawcett, Pattern Recognition Letters 27, 2006).

    Attributes:
        fpr: False positive rates, float64 [points], rising from 0 to 1.
        tpr: True positive rates, likewise.
        thresholds: float64 [points], falling from infinity; a face counts as positive from the threshold on.
        auc: Area under the curve, 0..1.
    """

    fpr: NDArray[np.float64]
    tpr: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    auc: float

    @property
    def youden(self) -> float:
        """The finite threshold at which J = TPR - FPR is greatest (Youden, Cancer 3, 1950); of several the highest."""
        return float(self.thresholds[1 + np.argmax((self.tpr - self.fpr)[1:])])


@dataclass(frozen=True)
class PrecisionRecall:
    """The precision-recall curve of one class.

    Attributes:
        precision: float64 [points], 0..1, beginning with 1 by convention.
        recall: float64 [points], rising from 0 to 1.
        average_precision: The area as a sum of steps, 0..1; linear interpolation would flatter (Davis, ICML 2006).
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    average_precision: float


def roc(positive: Flags, scores: Values) -> Roc | None:
    """The ROC of scores [N] of faces that are `positive` [N] or not; None unless there are both kinds."""
    from sklearn import metrics

    if positive.all() or not positive.any():
        return None
    fpr, tpr, thresholds = metrics.roc_curve(positive, scores.astype(np.float64), drop_intermediate=False)
    return Roc(fpr, tpr, thresholds, float(metrics.auc(fpr, tpr)))


def precision_recall(positive: Flags, scores: Values) -> PrecisionRecall | None:
    """The precision-recall curve, with the arguments of roc(), and None where that gives None."""
    from sklearn import metrics

    if positive.all() or not positive.any():
        return None
    scores = scores.astype(np.float64)
    precision, recall, _ = metrics.precision_recall_curve(positive, scores)
    return PrecisionRecall(precision[::-1], recall[::-1], float(metrics.average_precision_score(positive, scores)))


@dataclass(frozen=True)
class Curves:
    """Curves of a classifier, each class against the rest.

    Attributes:
        roc: The ROC by class name; None for a class without faces, or without faces of other classes.
        precision_recall: The precision-recall curve by class name, None likewise.
        calibration: Reliability of the top probability.
        risk_coverage: Accuracy by the share of faces with at least a minimum score.
        operating_points: With two classes, of which the second is positive, the rates at THRESHOLDS; else empty.
        chosen: With two classes, the operating point of Youden's J; else None.
    """

    roc: dict[str, Roc | None]
    precision_recall: dict[str, PrecisionRecall | None]
    calibration: Calibration
    risk_coverage: RiskCoverage
    operating_points: tuple[OperatingPoint, ...] = ()
    chosen: OperatingPoint | None = None

    @classmethod
    def of(cls, labels: NDArray[np.int64], probabilities: Values, classes: tuple[str, ...]) -> Curves:
        """Compare labels [N] with probabilities [N,classes], 0..1."""
        each = [(name, labels == index, probabilities[:, index]) for index, name in enumerate(classes)]
        rocs = {name: roc(positive, scores) for name, positive, scores in each}
        curves = {name: precision_recall(positive, scores) for name, positive, scores in each}
        certainty = calibrate(labels, probabilities), RiskCoverage.of(labels, probabilities)
        if len(classes) != 2:
            return cls(rocs, curves, *certainty)
        name, positive, scores = each[1]
        curve = rocs[name]
        return cls(
            rocs,
            curves,
            *certainty,
            tuple(operating_point(positive, scores, threshold) for threshold in THRESHOLDS),
            operating_point(positive, scores, curve.youden) if curve else None,
        )

    @property
    def auc(self) -> dict[str, float | None]:
        """The area under the ROC of each class."""
        return {name: curve.auc if curve else None for name, curve in self.roc.items()}

    @property
    def average_precision(self) -> dict[str, float | None]:
        """The area under the precision-recall curve of each class."""
        return {name: curve.average_precision if curve else None for name, curve in self.precision_recall.items()}

    def as_json(self) -> dict[str, Any]:
        """The numbers without the curves, for a JSON file."""
        numbers = {
            "auc": self.auc,
            "macro_auc": macro_average(self.auc.values()),
            "average_precision": self.average_precision,
            "macro_average_precision": macro_average(self.average_precision.values()),
            "ece": self.calibration.ece,
            "ece_exact": self.calibration.ece_exact,
            "at_min_score": self.risk_coverage.at(DEFAULT_MIN_SCORE)._asdict(),
        }
        if not self.operating_points:
            return numbers
        return {
            **numbers,
            "positive": list(self.roc)[1],
            "thresholds": [point._asdict() for point in self.operating_points],
            "chosen_threshold": self.chosen._asdict() if self.chosen else None,
        }
