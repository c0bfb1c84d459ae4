"""Every architecture of the registry can be built; plain_cnn, mini_xception and blocks have no other test."""

from __future__ import annotations

import sys
from types import ModuleType

import keras
import numpy as np
import pytest
from tests.support.synthetic_faces import striped_faces

from fer_train.architectures.registry import ARCHITECTURES, build, rebuild
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
    monkeypatch.setitem(ARCHITECTURES, "one-tiny_net", "tiny")
    model = build("one-tiny_net", 3, 0.2)
    assert (model.name, model.output_shape) == ("one_tiny_net", (None, 3))
    assert model.get_layer("one-tiny_net_pool").output.shape == (None, 1)
    assert rebuild(model, 0.2, "float32").name == model.name


def test_a_rebuilt_network_has_the_same_weights_and_another_precision() -> None:
    network = build("nano", 7, 0.2)
    rebuilt = rebuild(network, 0.2, "mixed_bfloat16")
    assert rebuilt.get_layer("emotion").compute_dtype == "float32"
    assert next(layer for layer in rebuilt.layers if isinstance(layer, keras.layers.Conv2D)).compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"
    assert all(np.array_equal(*pair) for pair in zip(rebuilt.get_weights(), network.get_weights(), strict=True))
