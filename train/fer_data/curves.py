"""What a classifier's probabilities are worth: ROC and precision-recall curves, calibration, thresholds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Values = NDArray[np.floating[Any]]

THRESHOLDS = np.arange(5, 100, 5) / 100


@dataclass(frozen=True)
class Roc:
    """The receiver operating characteristic of a class (Fawcett, Pattern Recognition Letters 27, 2006).

    fpr, tpr: float64 [points], 0..1, from (0, 0) to (1, 1). thresholds: float64 [points], falling, the first infinite;
    a face is called positive when its score is at least the threshold.
    """

    fpr: NDArray[np.float64]
    tpr: NDArray[np.float64]
    thresholds: NDArray[np.float64]

    @property
    def auc(self) -> float:
        """The area under the curve, 0..1: the chance that a positive outscores a negative, a tie counted half."""
        return float(np.sum(np.diff(self.fpr) * (self.tpr[1:] + self.tpr[:-1]) / 2))

    @property
    def youden(self) -> float:
        """The finite threshold at which J = TPR - FPR is greatest (Youden, Cancer 3, 1950); of several the highest."""
        return float(self.thresholds[1 + np.argmax((self.tpr - self.fpr)[1:])])


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision and recall of a class by falling threshold.

    precision, recall: float64 [points], 0..1, from recall 0 (precision 1 by convention) to recall 1. thresholds:
    float64 [points], as in Roc.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    thresholds: NDArray[np.float64]

    @property
    def average_precision(self) -> float:
        """The area under the curve as a sum of steps, 0..1; linear interpolation would flatter (Davis, ICML 2006)."""
        return float(np.sum(np.diff(self.recall) * self.precision[1:]))


def roc(positive: Flags, scores: Values) -> Roc | None:
    """The ROC of scores [N] for the faces that are `positive` [N]; None unless there are positives and negatives."""
    if positive.all() or not positive.any():
        return None
    hits, alarms, thresholds = _counts(positive, scores)
    return Roc(np.append(0.0, alarms / alarms[-1]), np.append(0.0, hits / hits[-1]), np.append(np.inf, thresholds))


def precision_recall(positive: Flags, scores: Values) -> PrecisionRecall | None:
    """Precision and recall, arguments and None as for roc()."""
    if positive.all() or not positive.any():
        return None
    hits, alarms, thresholds = _counts(positive, scores)
    return PrecisionRecall(
        np.append(1.0, hits / (hits + alarms)), np.append(0.0, hits / hits[-1]), np.append(np.inf, thresholds)
    )


def _counts(positive: Flags, scores: Values) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """True and false positives at each distinct score, from the highest; equal scores are called together."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order].astype(np.float64)
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    hits = np.cumsum(positive[order])[last]
    return hits, last + 1 - hits, ranked[last]


@dataclass(frozen=True)
class Calibration:
    """How often the answer is right, by its probability.

    confidence, accuracy: float64 [bins], the mean probability and the share that was right in each bin, 0..1, both 0 in
    an empty one. count: int64 [bins]. The bins are of equal width, bin m holding (m/bins, (m+1)/bins].
    """

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    count: NDArray[np.int64]

    @property
    def ece(self) -> float:
        """The expected calibration error, 0..1 (Guo et al., arXiv:1706.04599, equation 3); 0 without faces."""
        gaps = np.abs(self.accuracy - self.confidence)
        return float((self.count * gaps).sum()) / max(1, int(self.count.sum()))


def calibration(labels: NDArray[np.int64], probabilities: Values, bins: int = 15) -> Calibration:
    """Bin the top probability of each face; labels [N], probabilities [N,classes]."""
    top = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    member = np.digitize(top, np.linspace(0, 1, bins + 1)[1:-1], right=True)
    count = np.bincount(member, minlength=bins)
    filled = np.maximum(count, 1)
    return Calibration(
        np.bincount(member, top, bins) / filled, np.bincount(member, right.astype(np.float64), bins) / filled, count
    )


class OperatingPoint(NamedTuple):
    """What calling faces positive from `threshold` on gives: shares, 0..1; None where there is nothing to divide by."""

    threshold: float
    tpr: float | None
    fpr: float | None
    precision: float | None
    accuracy: float | None


def operating_point(positive: Flags, scores: Values, threshold: float) -> OperatingPoint:
    """Judge one threshold on scores [N] of the faces that are `positive` [N]."""
    said = scores.astype(np.float64) >= threshold
    return OperatingPoint(
        float(threshold), _mean(said[positive]), _mean(said[~positive]), _mean(positive[said]), _mean(said == positive)
    )


def _mean(flags: Flags) -> float | None:
    return float(flags.mean()) if flags.size else None


def macro(values: Iterable[float | None]) -> float | None:
    """The mean of the values that are known; None without any."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


@dataclass(frozen=True)
class Curves:
    """All of this for one classifier, each class against the rest.

    roc, precision_recall: by class name; None for a class without faces, or without faces of others. thresholds,
    chosen: for two classes, of which the second is the positive one, what a row of thresholds gives and the point that
    Youden's J picks; else empty and None.
    """

    roc: dict[str, Roc | None]
    precision_recall: dict[str, PrecisionRecall | None]
    calibration: Calibration
    thresholds: tuple[OperatingPoint, ...] = ()
    chosen: OperatingPoint | None = None

    @classmethod
    def of(cls, labels: NDArray[np.int64], probabilities: Values, classes: tuple[str, ...]) -> Curves:
        """Labels [N] against probabilities [N,classes], 0..1."""
        each = [(name, labels == index, probabilities[:, index]) for index, name in enumerate(classes)]
        rocs = {name: roc(positive, scores) for name, positive, scores in each}
        curves = {name: precision_recall(positive, scores) for name, positive, scores in each}
        calibrated = calibration(labels, probabilities)
        if len(classes) != 2:
            return cls(rocs, curves, calibrated)
        name, positive, scores = each[1]
        curve = rocs[name]
        return cls(
            rocs,
            curves,
            calibrated,
            tuple(operating_point(positive, scores, threshold) for threshold in THRESHOLDS),
            operating_point(positive, scores, curve.youden) if curve else None,
        )

    @property
    def auc(self) -> dict[str, float | None]:
        """The area under each ROC."""
        return {name: curve.auc if curve else None for name, curve in self.roc.items()}

    @property
    def average_precision(self) -> dict[str, float | None]:
        """The area under each precision-recall curve."""
        return {name: curve.average_precision if curve else None for name, curve in self.precision_recall.items()}

    def as_json(self) -> dict[str, Any]:
        """The numbers without the curves, for a JSON file."""
        numbers = {
            "auc": self.auc,
            "macro_auc": macro(self.auc.values()),
            "average_precision": self.average_precision,
            "macro_average_precision": macro(self.average_precision.values()),
            "ece": self.calibration.ece,
        }
        if not self.thresholds:
            return numbers
        return {
            **numbers,
            "positive": list(self.roc)[1],
            "thresholds": [point._asdict() for point in self.thresholds],
            "chosen_threshold": self.chosen._asdict() if self.chosen else None,
        }
