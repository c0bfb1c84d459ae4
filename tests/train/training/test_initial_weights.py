"""Starting from the weights of an earlier model."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from tests.support.synthetic_faces import striped_faces

from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_edge.errors import UsageError
from fer_train.architectures.registry import build
from fer_train.prediction import probabilities
from fer_train.recipe import Recipe
from fer_train.training.batches import Batches
from fer_train.training.initial_weights import fit_head, load_initial_weights, mix_weights
from fer_train.training.quantized_weights import load_quantized
from fer_train.training.targets import make_targets

FACES = striped_faces(70)
BATCHES = [FACES.pixels[:64, :, :, None].astype(np.float32)]


def test_weights_of_keras_applications_become_the_backbone(tmp_path: Path) -> None:
    source = keras.applications.MobileNetV2(input_shape=(48, 48, 3), include_top=False, weights=None)
    source.save_weights(tmp_path / "notop.weights.h5")
    model = build("mobilenetv2", 7, 0.0)
    load_initial_weights(model, str(tmp_path / "notop.weights.h5"), (), FER2013_CLASSES)
    rgb = np.repeat(FACES.pixels[:4, :, :, None] / 127.5 - 1, 3, axis=-1).astype(np.float32)
    features = keras.Model(model.input, model.layers[-1].input)
    grey = FACES.pixels[:4, :, :, None].astype(np.float32)
    assert np.allclose(
        np.asarray(features(grey, training=False)), np.asarray(source(rgb, training=False)).mean(axis=(1, 2)), atol=1e-4
    )


def test_a_mix_has_the_shares_of_both_in_every_weight() -> None:
    initial, trained = build("nano", 7, 0.0), build("nano", 7, 0.0)
    first, then = initial.get_weights(), trained.get_weights()
    mix_weights(trained, initial, 0.3)
    for mixed, one, other in zip(trained.get_weights(), first, then, strict=True):
        assert np.allclose(mixed, 0.3 * one + 0.7 * other)
    assert all(np.array_equal(kept, one) for kept, one in zip(initial.get_weights(), first, strict=True))


def test_an_earlier_model_of_other_classes_gives_all_layers_except_the_last(tmp_path: Path) -> None:
    earlier = build("nano", 7, 0.0)
    earlier.save(tmp_path / "earlier.keras")
    model = build("nano", 3, 0.0)
    load_initial_weights(model, str(tmp_path / "earlier.keras"), (), ("a", "b", "c"))
    target, source = (keras.Model(network.input, network.layers[-1].input) for network in (model, earlier))
    assert np.allclose(probabilities(target, FACES.pixels), probabilities(source, FACES.pixels))


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    build("small", 7, 0.0).save(tmp_path / "small.keras")
    with pytest.raises(UsageError, match="of another network than --model nano"):
        load_initial_weights(build("nano", 7, 0.0), str(tmp_path / "small.keras"), (), FER2013_CLASSES)
    (tmp_path / "broken.keras").write_bytes(b"PK broken")
    for name in ("broken.keras", "nosuch.keras", "nosuch.h5"):
        with pytest.raises(UsageError, match=f"{name}: cannot be read"):
            load_initial_weights(build("vgg16", 7, 0.0), str(tmp_path / name), (), FER2013_CLASSES)


def test_fitting_the_head_changes_only_the_last_layer() -> None:
    keras.utils.set_random_seed(1)
    model = build("nano", 7, 0.0)
    body = keras.Model(model.input, model.layers[-1].input)
    before = [weight.copy() for weight in body.get_weights()]
    batches = Batches(FACES.pixels, make_targets(FACES, Recipe()), Recipe(batch=32))
    head = model.layers[-1].get_weights()[0].copy()

    def loss() -> float:
        likelihood = np.take_along_axis(probabilities(model, FACES.pixels), FACES.labels[:, None], axis=1)
        return float(-np.log(likelihood).mean())

    initial = loss()
    fit_head(model, [batches[0], batches[1]], epochs=30, seed=1)
    assert loss() < initial
    assert not np.array_equal(model.layers[-1].get_weights()[0], head)
    assert all(np.array_equal(one, other) for one, other in zip(before, body.get_weights(), strict=True))


def test_a_quantized_model_of_other_classes_gives_all_layers_except_the_last() -> None:
    model = build("nano", 3, 0.0)
    load_initial_weights(model, "nano", BATCHES, ("a", "b", "c"))
    source, _ = load_quantized("nano")
    target, source = (keras.Model(network.input, network.layers[-1].input) for network in (model, source))
    assert np.allclose(probabilities(target, FACES.pixels), probabilities(source, FACES.pixels), atol=1e-3)


def test_quantized_weights_of_another_network_are_refused() -> None:
    with pytest.raises(UsageError, match="--weights nano: of another network than --model small"):
        load_initial_weights(build("small", 7, 0.0), "nano", BATCHES, FER2013_CLASSES)


def test_classes_of_the_earlier_model_keep_their_weights_in_another_order_and_spelling() -> None:
    model = build("nano", 3, 0.0)
    fresh = model.layers[-1].get_weights()[0][:, 1].copy()
    load_initial_weights(model, "nano", BATCHES, ("Sad", "Yawning", "happiness"))
    source, file = load_quantized("nano")
    columns = [file.labels.index("sad"), file.labels.index("happy")]
    for own, other in zip(model.layers[-1].get_weights(), source.layers[-1].get_weights(), strict=True):
        assert np.array_equal(own[..., [0, 2]], other[..., columns])
    assert np.array_equal(model.layers[-1].get_weights()[0][:, 1], fresh)
