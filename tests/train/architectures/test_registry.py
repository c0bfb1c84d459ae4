"""Every architecture of the registry can be built; plain_cnn, mini_xception and blocks have no other test."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support import patterns

from fer_train.architectures.registry import ARCHITECTURES, build
from fer_train.prediction import probabilities

FACES = patterns(64)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_maps_grey_faces_to_probabilities(name: str) -> None:
    model = build(name, 5, 0.2)
    assert model.input_shape == (None, 48, 48, 1)
    predicted = probabilities(model, FACES.pixels[:3])
    assert predicted.shape == (3, 5)
    assert np.allclose(predicted.sum(axis=1), 1, atol=1e-5)
