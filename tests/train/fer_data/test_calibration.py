"""Calibration."""

from __future__ import annotations

import numpy as np
import pytest

from fer_data.calibration import calibrate


def test_the_calibration_error_is_the_one_counted_by_hand() -> None:
    # bin (0.6, 0.667]: 0.65 right, 0.63 wrong; bin (0.867, 0.933]: 0.9 right twice, 0.87 wrong; bin (0.933, 1]: 1 wrong
    top = np.array([0.65, 0.63, 0.9, 0.9, 0.87, 1.0])
    labels = np.array([0, 1, 0, 0, 1, 1])
    bins = calibrate(labels, np.stack([top, 1 - top], axis=1))
    assert bins.count.tolist() == [0] * 9 + [2, 0, 0, 0, 3, 1]
    assert bins.confidence[[9, 13, 14]] == pytest.approx([0.64, 0.89, 1.0])
    assert bins.accuracy[[9, 13, 14]] == pytest.approx([1 / 2, 2 / 3, 0.0])
    assert bins.ece == pytest.approx((2 * 0.14 + 3 * (0.89 - 2 / 3) + 1 * 1.0) / 6)


def test_exact_probabilities_have_the_error_of_chance() -> None:
    rng = np.random.default_rng(0)
    top = rng.uniform(0.5, 1, 3000)
    probabilities = np.stack([top, 1 - top], axis=1)
    errors = [calibrate((rng.random(3000) > top).astype(int), probabilities) for _ in range(100)]
    assert errors[0].ece_exact == pytest.approx(np.mean([bins.ece for bins in errors]), rel=0.05)
    assert 0.01 < errors[0].ece_exact < 0.03
    assert calibrate(np.zeros(0, int), probabilities[:0]).ece_exact == 0


def test_a_probability_on_an_edge_belongs_to_the_bin_below() -> None:
    bins = calibrate(np.array([0, 0]), np.array([[0.5, 0.5], [0.75, 0.25]]), bins=4)
    assert bins.count.tolist() == [0, 1, 1, 0]
