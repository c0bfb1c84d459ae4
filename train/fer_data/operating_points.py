"""Operating points: what a threshold on the probability of the positive class gives."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Values = NDArray[np.floating[Any]]

THRESHOLDS = np.arange(5, 100, 5) / 100  # those that metrics.json lists


class OperatingPoint(NamedTuple):
    """The rates, 0..1, at one threshold; None where there is nothing to divide by."""

    threshold: float
    tpr: float | None
    fpr: float | None
    precision: float | None
    accuracy: float | None


def operating_point(positive: Flags, scores: Values, threshold: float) -> OperatingPoint:
    """Apply `threshold` to scores [N] of faces that are `positive` [N] or not."""
    predicted = scores.astype(np.float64) >= threshold
    return OperatingPoint(
        float(threshold),
        _mean(predicted[positive]),
        _mean(predicted[~positive]),
        _mean(positive[predicted]),
        _mean(predicted == positive),
    )


def _mean(flags: Flags) -> float | None:
    return float(flags.mean()) if flags.size else None
