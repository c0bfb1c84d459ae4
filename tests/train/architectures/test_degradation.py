"""Degraded faces: blurred and noisy, in training only."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from fer_train.architectures.degradation import BLURS, MAX_NOISE, Degradation
from fer_train.architectures.registry import build

EDGE = np.zeros((200, 48, 48, 1), np.float32)
EDGE[:, :, 24:] = 200
FLAT = np.full((200, 48, 48, 1), 100, np.float32)


def degrade(faces: np.ndarray, rate: float, *, training: bool = True) -> np.ndarray:
    keras.utils.set_random_seed(1)
    return np.asarray(Degradation(rate)(faces, training=training))


def test_faces_stay_as_they_are_when_the_network_is_not_trained() -> None:
    assert np.array_equal(degrade(EDGE, 1.0, training=False), EDGE)
    network = build("nano", 7, 0.0, 1.0)
    plain = build("nano", 7, 0.0)
    plain.set_weights(network.get_weights())
    assert np.array_equal(network.predict(EDGE[:2], verbose=0), plain.predict(EDGE[:2], verbose=0))


@pytest.mark.parametrize("rate", [0.3, 1.0])
def test_this_share_of_the_faces_is_degraded(rate: float) -> None:
    changed = (degrade(EDGE, rate) != EDGE).any(axis=(1, 2, 3))
    assert changed.mean() == pytest.approx(rate, abs=0.1)


def test_the_noise_of_each_face_is_of_another_strength_up_to_the_largest() -> None:
    deviations = degrade(FLAT, 1.0).std(axis=(1, 2, 3))
    assert deviations.max() == pytest.approx(MAX_NOISE, rel=0.1)
    assert deviations.min() < 0.1 * MAX_NOISE


def test_each_face_has_one_of_the_blurs() -> None:
    """The mean over rows, in which the noise is averaged out, is steepest at the edge: the height of a Gaussian."""
    steepest = np.diff(degrade(EDGE, 1.0)[..., 0].mean(axis=1), axis=1).max(axis=1)
    expected = [200 / (np.sqrt(2 * np.pi) * deviation) for deviation in BLURS]
    nearest = np.abs(steepest[:, None] - expected).min(axis=1)
    assert nearest.max() < 15
    assert set(np.abs(steepest[:, None] - expected).argmin(axis=1)) == {0, 1, 2}


def test_pixels_stay_in_their_range() -> None:
    bright = degrade(np.full((50, 48, 48, 1), 254, np.float32), 1.0)
    assert bright.max() <= 255
