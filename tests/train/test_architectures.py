from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from tests.support import patterns

from fer_edge.errors import UsageError
from fer_train.architectures.keras_applications import APPLICATIONS
from fer_train.architectures.registry import ARCHITECTURES, build
from fer_train.recipe import MODELS, Recipe
from fer_train.training.batches import Batches, probabilities
from fer_train.training.initial_weights import fit_head, load_initial_weights
from fer_train.training.targets import make_targets

FACES = patterns(64)
FAMILY = {"nano": 0.1e6, "small": 0.7e6, "base": 6e6}
ACCELERATED = {
    "InputLayer", "Rescaling", "Conv2D", "BatchNormalization", "ReLU", "Add", "GlobalAveragePooling2D", "Dense",
}  # fmt: skip


def test_every_architecture_can_be_asked_for() -> None:
    assert tuple(ARCHITECTURES) == MODELS


@pytest.mark.parametrize("name", MODELS)
def test_each_takes_grey_faces_and_gives_probabilities(name: str) -> None:
    model = build(name, 5, 0.2)
    assert model.input_shape == (None, 48, 48, 1)
    said = probabilities(model, FACES.pixels[:3])
    assert said.shape == (3, 5)
    assert np.allclose(said.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(("name", "most"), FAMILY.items())
def test_the_family_is_as_small_as_it_says_and_of_the_operations_of_the_accelerator(name: str, most: float) -> None:
    model = build(name, 7, 0.2)
    assert 0.5 * most / 2 < model.count_params() <= most
    assert {type(layer).__name__ for layer in model.layers} <= ACCELERATED | {"Dropout"}


@pytest.mark.parametrize("name", APPLICATIONS)
def test_a_backbone_sees_what_its_authors_showed_it(name: str) -> None:
    """The frozen convolution before it must do what keras.applications' own preprocessing does."""
    model = build(name, 7, 0.0)
    spread = keras.Model(model.input, model.get_layer("channels").output)
    faces = FACES.pixels[:2, :, :, None].astype(np.float32)
    module = {"mobilenetv2": "mobilenet_v2", "resnet50": "resnet", "vgg16": "vgg16"}[name]
    theirs = getattr(keras.applications, module).preprocess_input(np.repeat(faces, 3, axis=-1))
    assert np.allclose(np.asarray(spread(faces)), theirs, atol=1e-4)
    assert not model.get_layer("channels").trainable_weights


def test_weights_of_keras_applications_become_the_backbone(tmp_path: Path) -> None:
    theirs = keras.applications.MobileNetV2(input_shape=(48, 48, 3), include_top=False, weights=None)
    theirs.save_weights(tmp_path / "notop.weights.h5")
    model = build("mobilenetv2", 7, 0.0)
    load_initial_weights(model, str(tmp_path / "notop.weights.h5"), ())
    rgb = np.repeat(FACES.pixels[:4, :, :, None] / 127.5 - 1, 3, axis=-1).astype(np.float32)
    features = keras.Model(model.input, model.layers[-1].input)
    grey = FACES.pixels[:4, :, :, None].astype(np.float32)
    assert np.allclose(
        np.asarray(features(grey, training=False)), np.asarray(theirs(rgb, training=False)).mean(axis=(1, 2)), atol=1e-4
    )


def test_an_earlier_model_of_other_classes_gives_all_but_its_head(tmp_path: Path) -> None:
    earlier = build("nano", 7, 0.0)
    earlier.save(tmp_path / "earlier.keras")
    model = build("nano", 3, 0.0)
    load_initial_weights(model, str(tmp_path / "earlier.keras"), ())
    ours, theirs = (keras.Model(network.input, network.layers[-1].input) for network in (model, earlier))
    assert np.allclose(probabilities(ours, FACES.pixels), probabilities(theirs, FACES.pixels))


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    build("small", 7, 0.0).save(tmp_path / "small.keras")
    with pytest.raises(UsageError, match="of another network than --model nano"):
        load_initial_weights(build("nano", 7, 0.0), str(tmp_path / "small.keras"), ())
    (tmp_path / "broken.keras").write_bytes(b"PK broken")
    for name in ("broken.keras", "nosuch.keras", "nosuch.h5"):
        with pytest.raises(UsageError, match=f"{name}: cannot be read"):
            load_initial_weights(build("vgg16", 7, 0.0), str(tmp_path / name), ())


def test_the_head_learns_and_what_is_below_it_stays() -> None:
    keras.utils.set_random_seed(1)
    model = build("nano", 7, 0.0)
    body = keras.Model(model.input, model.layers[-1].input)
    before = [weight.copy() for weight in body.get_weights()]
    batches = Batches(FACES.pixels, make_targets(FACES, Recipe()), Recipe(batch=32))
    head = model.layers[-1].get_weights()[0].copy()

    def loss() -> float:
        likelihood = np.take_along_axis(probabilities(model, FACES.pixels), FACES.labels[:, None], axis=1)
        return float(-np.log(likelihood).mean())

    untaught = loss()
    fit_head(model, [batches[0], batches[1]], epochs=30, seed=1)
    assert loss() < untaught
    assert not np.array_equal(model.layers[-1].get_weights()[0], head)
    assert all(np.array_equal(one, other) for one, other in zip(before, body.get_weights(), strict=True))
