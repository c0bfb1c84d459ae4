"""Every architecture of the registry can be built; plain_cnn, mini_xception and blocks have no other test."""

from __future__ import annotations

import sys
from types import ModuleType

import keras
import numpy as np
import pytest
from tests.support.synthetic_faces import striped_faces

from fer_train.architectures.registry import ARCHITECTURES, build
from fer_train.prediction import probabilities

FACES = striped_faces(64)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_maps_grey_faces_to_probabilities(name: str) -> None:
    model = build(name, 5, 0.2)
    assert model.input_shape == (None, 48, 48, 1)
    predicted = probabilities(model, FACES.pixels[:3])
    assert predicted.shape == (3, 5)
    assert np.allclose(predicted.sum(axis=1), 1, atol=1e-5)


def test_a_module_and_a_line_in_the_registry_make_a_new_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("tiny")
    module.features = lambda faces, name: keras.layers.GlobalAveragePooling2D(name=f"{name}_pool")(faces)
    monkeypatch.setitem(sys.modules, "tiny", module)
    monkeypatch.setitem(ARCHITECTURES, "tiny", "tiny")
    model = build("tiny", 3, 0.2)
    assert (model.name, model.output_shape) == ("tiny", (None, 3))
    assert model.get_layer("tiny_pool").output.shape == (None, 1)
