from __future__ import annotations

import numpy as np
import pytest

from fer_data.calibration import calibrate
from fer_data.temperature import HIGHEST, LOWEST, MIN_FACES, fit_temperature
from fer_edge.inference.temperature import apply_temperature


def drawn_faces(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities [count,5], none below half a step of int8, and labels that are drawn by them."""
    rng = np.random.default_rng(seed)
    probabilities = 0.98 * rng.dirichlet(np.ones(5), count) + 0.004
    labels = (probabilities.cumsum(axis=1) < rng.random((count, 1))).sum(axis=1)
    return np.minimum(labels, 4), probabilities.astype(np.float32)


@pytest.mark.parametrize("temperature", [0.6, 1.0, 1.8])
def test_the_temperature_that_distorted_the_probabilities_is_found(temperature: float) -> None:
    labels, true = drawn_faces(20_000)
    distorted = apply_temperature(true, 1 / temperature)
    fitted = fit_temperature(labels, distorted)
    assert fitted == pytest.approx(temperature, rel=0.05)
    assert calibrate(labels, apply_temperature(distorted, fitted)).ece < 0.015


def test_no_other_temperature_has_a_greater_likelihood() -> None:
    labels, probabilities = drawn_faces(500, seed=3)
    probabilities = apply_temperature(probabilities, 0.5)

    def likelihood(temperature: float) -> float:
        tempered = apply_temperature(probabilities, temperature)
        correct, top = tempered.argmax(axis=1) == labels, tempered.max(axis=1)
        return float(np.log(np.where(correct, top, 1 - top)).mean())

    best = likelihood(fit_temperature(labels, probabilities))
    assert best >= max(map(likelihood, np.geomspace(LOWEST, HIGHEST, 300))) - 1e-5


def test_a_model_without_mistakes_and_one_that_is_always_wrong_get_the_limits() -> None:
    probabilities = np.tile(np.array([0.9, 0.1], np.float32), (MIN_FACES, 1))
    assert fit_temperature(np.zeros(MIN_FACES, np.int64), probabilities) == pytest.approx(LOWEST, rel=0.01)
    assert fit_temperature(np.ones(MIN_FACES, np.int64), probabilities) == pytest.approx(HIGHEST, rel=0.01)


def test_too_few_faces_leave_the_probabilities_as_they_are() -> None:
    labels, probabilities = drawn_faces(MIN_FACES - 1)
    assert fit_temperature(labels, probabilities) == 1
    assert fit_temperature(labels[:0], probabilities[:0]) == 1


def test_probabilities_of_0_of_the_true_class_are_fitted() -> None:
    labels, probabilities = drawn_faces(1000)
    probabilities[np.arange(0, 1000, 10), labels[::10]] = 0
    assert 1 < fit_temperature(labels, probabilities) < HIGHEST
