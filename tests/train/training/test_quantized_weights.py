"""Rebuilding a network from a quantized model file."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from tests.support.synthetic_faces import striped_faces

from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_edge.config.model import parse_model
from fer_edge.errors import UsageError
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import ModelError, ModelFile, read_model, write_model
from fer_train.architectures.registry import build
from fer_train.prediction import probabilities
from fer_train.training.initial_weights import load_initial_weights
from fer_train.training.quantized_weights import describe_origin, load_quantized, restore_normalisation

FACES = striped_faces(70)
BATCHES = [FACES.pixels[:64, :, :, None].astype(np.float32)]


def shipped(name: str) -> ModelFile:
    return read_model(parse_model(name))


@pytest.mark.parametrize("name", ["nano", "small", "base"])
def test_a_rebuilt_network_predicts_what_the_shipped_file_predicts(name: str) -> None:
    network, file = load_quantized(name)
    assert (file.name, network.output_shape) == (name, (None, 7))
    quantized = EmotionClassifier(file, open_engine(file)).classify(FACES.pixels)
    assert np.abs(probabilities(network, FACES.pixels) - quantized).mean() < 0.02


def test_restored_statistics_keep_the_predictions_also_in_training() -> None:
    network, _ = load_quantized("nano")
    before = probabilities(network, FACES.pixels)
    restore_normalisation(network, BATCHES)
    assert np.allclose(probabilities(network, FACES.pixels), before, atol=1e-5)
    in_training = keras.ops.convert_to_numpy(network(BATCHES[0], training=True))
    assert np.allclose(in_training, before[:64], atol=1e-3)


def test_without_restored_statistics_training_would_change_the_predictions() -> None:
    """The test above could fail."""
    network, _ = load_quantized("nano")
    in_training = keras.ops.convert_to_numpy(network(BATCHES[0], training=True))
    assert np.abs(in_training - probabilities(network, FACES.pixels)[:64]).max() > 0.1


def test_restored_kernels_have_the_scale_of_fresh_ones() -> None:
    network, _ = load_quantized("nano")
    restore_normalisation(network, BATCHES)
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D):
            norms = np.square(layer.get_weights()[0]).sum((0, 1, 2))
            assert np.allclose(norms[norms > 1e-6], 2, rtol=1e-3)


def test_a_file_whose_card_names_another_network_is_refused(tmp_path: Path) -> None:
    nano = shipped("nano")
    mislabelled, unknown = tmp_path / "mislabelled.tflite", tmp_path / "unknown.tflite"
    write_model(mislabelled, nano.graph, nano.labels, {"name": "x", "training": {"recipe": {"model": "small"}}})
    write_model(unknown, nano.graph, nano.labels, {"name": "x"})
    for path, reason in (
        (mislabelled, r"small, cannot be rebuilt.*no kernel \[3, 3, 1, 16\]"),
        (unknown, "x, cannot be"),
    ):
        with pytest.raises(UsageError, match=reason):
            load_quantized(str(path))


def test_a_missing_or_damaged_file_is_named_in_the_error(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(parse_model("nano").read_bytes()[:-100])
    for path in (damaged, tmp_path / "nosuch.tflite"):
        with pytest.raises(ModelError, match=str(path)):
            load_quantized(str(path))
        with pytest.raises(UsageError, match=f"--weights {path}: cannot be read"):
            load_initial_weights(build("nano", 7, 0.0), str(path), BATCHES, FER2013_CLASSES)


def test_the_origin_of_a_quantized_model_is_its_name_and_hash() -> None:
    assert (
        describe_origin("small")
        == describe_origin(str(parse_model("small")))
        == f"small {shipped('small').sha256[:12]}"
    )
    assert describe_origin("/runs/first/model.keras") == "first"
    assert describe_origin("model.keras") == Path.cwd().name
    assert [describe_origin(name) for name in ("none", "imagenet", "/x/vgg16.h5")] == ["none", "imagenet", "vgg16.h5"]
