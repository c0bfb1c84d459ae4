"""Operating points."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics
from tests.support.predictions import random_predictions

from fer_data.metrics import Curves
from fer_data.operating_points import operating_point


def test_the_rates_at_a_threshold_are_those_of_scikit_learn() -> None:
    labels, probabilities = random_predictions(300, 2, 2)
    curves = Curves.of(labels, probabilities, ("closed", "open"))
    assert [point.threshold for point in curves.operating_points] == [round(0.05 * n, 2) for n in range(1, 20)]
    for point in curves.operating_points[3:16]:
        predicted = probabilities[:, 1].astype(np.float64) >= point.threshold
        assert point.tpr == pytest.approx(metrics.recall_score(labels, predicted))
        assert point.fpr == pytest.approx(1 - metrics.recall_score(labels, predicted, pos_label=0))
        assert point.precision == pytest.approx(metrics.precision_score(labels, predicted))
        assert point.accuracy == pytest.approx(metrics.accuracy_score(labels, predicted))


def test_a_threshold_that_no_score_reaches_has_no_precision() -> None:
    point = operating_point(np.array([True, False]), np.array([0.3, 0.2]), 0.9)
    assert point == (0.9, 0.0, 0.0, None, 0.5)
