"""Faces of another size than a model takes. What an evaluation consists of is tested in test_command.py."""

from __future__ import annotations

import numpy as np
import pytest

from fer_data.classifiers import resized

FACES = np.random.default_rng(0).integers(0, 256, (2, 48, 48)).astype(np.uint8)


@pytest.mark.parametrize("side", [24, 64])
def test_faces_are_scaled_to_the_side_of_a_model(side: int) -> None:
    scaled = resized(FACES, side)
    assert (scaled.shape, scaled.dtype) == ((2, side, side), np.uint8)
    assert scaled.mean() == pytest.approx(FACES.mean(), abs=2)
    assert resized(FACES[:0], side).shape == (0, side, side)


def test_faces_of_that_side_stay_as_they_are() -> None:
    assert resized(FACES, 48) is FACES
