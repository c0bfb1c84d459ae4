from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fer_edge.inference.temperature import apply_temperature

ROWS = np.array([[0.5, 0.25, 0.25], [0.75, 0.25, 0.0]], np.float32)


def test_temperature_1_returns_the_probabilities_unchanged() -> None:
    assert apply_temperature(ROWS, 1.0) is ROWS


def test_the_logits_are_divided_by_the_temperature() -> None:
    logits = np.array([2.0, 0.5, -1.0])
    softmax = np.exp(logits) / np.exp(logits).sum()
    expected = np.exp(logits / 1.7) / np.exp(logits / 1.7).sum()
    assert np.allclose(apply_temperature(softmax.astype(np.float32), 1.7), expected, atol=1e-6)


def test_a_probability_of_0_counts_as_half_a_step() -> None:
    powers = np.array([0.75, 0.25, 1 / 512]) ** 0.5
    assert np.allclose(apply_temperature(ROWS, 2.0)[1], powers / powers.sum())


@pytest.mark.parametrize(
    ("temperature", "expected"), [(5e-324, [[1, 0, 0], [1, 0, 0]]), (1e308, np.full((2, 3), 1 / 3))]
)
def test_extreme_temperatures_give_finite_probabilities(temperature: float, expected: object) -> None:
    with np.errstate(all="raise", under="ignore"):
        assert np.allclose(apply_temperature(ROWS, temperature), expected)


@given(arrays(np.uint8, (4, 5), elements=st.integers(0, 255)), st.floats(0.05, 20))
@settings(max_examples=50)
def test_the_rows_sum_to_1_and_keep_their_order(levels: np.ndarray, temperature: float) -> None:
    probabilities = (levels / 256).astype(np.float32)
    tempered = apply_temperature(probabilities, temperature)
    assert tempered.dtype == np.float32
    assert np.allclose(tempered.sum(axis=1), 1, atol=1e-5)
    order = probabilities.argsort(axis=1)
    assert (np.diff(np.take_along_axis(tempered, order, axis=1), axis=1) >= -1e-6).all()
