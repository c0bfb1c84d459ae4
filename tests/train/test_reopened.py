from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tests.support import patterns, run_here, write_csv

from fer_edge.config.model import parse_model
from fer_edge.errors import UsageError
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.engine import open_engine
from fer_edge.inference.model_file import ModelError, ModelFile, read_model, write_model
from fer_train.architectures.registry import build
from fer_train.training.batches import probabilities
from fer_train.training.initial_weights import load_initial_weights
from fer_train.training.quantized_weights import describe_origin, load_quantized, restore_normalisation
from fer_train.training.targets import load_teacher

FACES = patterns(70)
BATCHES = [FACES.pixels[:64, :, :, None].astype(np.float32)]


def shipped(name: str) -> ModelFile:
    return read_model(parse_model(name))


@pytest.mark.parametrize("name", ["nano", "small", "base"])
def test_a_shipped_model_answers_as_a_network_as_it_does_as_a_file(name: str) -> None:
    network, file = load_quantized(name)
    assert (file.name, network.output_shape) == (name, (None, 7))
    quantized = EmotionClassifier(file, open_engine(file)).classify(FACES.pixels)
    assert np.abs(probabilities(network, FACES.pixels) - quantized).mean() < 0.02


def test_statistics_change_no_answer_and_hold_in_training() -> None:
    network, _ = load_quantized("nano")
    before = probabilities(network, FACES.pixels)
    restore_normalisation(network, BATCHES)
    assert np.allclose(probabilities(network, FACES.pixels), before, atol=1e-5)
    in_training = keras.ops.convert_to_numpy(network(BATCHES[0], training=True))
    assert np.allclose(in_training, before[:64], atol=1e-3)


def test_without_statistics_training_would_meet_another_network() -> None:
    """What the test above holds is no matter of course."""
    network, _ = load_quantized("nano")
    in_training = keras.ops.convert_to_numpy(network(BATCHES[0], training=True))
    assert np.abs(in_training - probabilities(network, FACES.pixels)[:64]).max() > 0.1


def test_kernels_have_the_scale_of_fresh_ones() -> None:
    network, _ = load_quantized("nano")
    restore_normalisation(network, BATCHES)
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D):
            norms = np.square(layer.get_weights()[0]).sum((0, 1, 2))
            assert np.allclose(norms[norms > 1e-6], 2, rtol=1e-3)


def test_a_network_of_other_classes_takes_all_but_the_head() -> None:
    model = build("nano", 3, 0.0)
    load_initial_weights(model, "nano", BATCHES)
    theirs, _ = load_quantized("nano")
    ours, theirs = (keras.Model(network.input, network.layers[-1].input) for network in (model, theirs))
    assert np.allclose(probabilities(ours, FACES.pixels), probabilities(theirs, FACES.pixels), atol=1e-3)


def test_a_file_that_is_not_what_its_card_says_is_refused(tmp_path: Path) -> None:
    nano = shipped("nano")
    liar, stranger = tmp_path / "liar.tflite", tmp_path / "stranger.tflite"
    write_model(liar, nano.graph, nano.labels, {"name": "x", "training": {"recipe": {"model": "small"}}})
    write_model(stranger, nano.graph, nano.labels, {"name": "x"})
    for path, reason in ((liar, r"small, cannot be rebuilt.*no kernel \[3, 3, 1, 16\]"), (stranger, "x, cannot be")):
        with pytest.raises(UsageError, match=reason):
            load_quantized(str(path))


def test_a_missing_or_damaged_file_is_named(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(parse_model("nano").read_bytes()[:-100])
    for path in (damaged, tmp_path / "nosuch.tflite"):
        with pytest.raises(ModelError, match=str(path)):
            load_quantized(str(path))
        with pytest.raises(UsageError, match=f"--weights {path}: cannot be read"):
            load_initial_weights(build("nano", 7, 0.0), str(path), BATCHES)


def test_weights_of_another_size_are_refused() -> None:
    with pytest.raises(UsageError, match="--weights nano: of another network than --model small"):
        load_initial_weights(build("small", 7, 0.0), "nano", BATCHES)


def test_a_teacher_must_know_the_classes_in_their_order() -> None:
    assert load_teacher(parse_model("nano"), FACES).output_shape == (None, 7)
    with pytest.raises(UsageError, match=r"its classes .* are not those of the data"):
        load_teacher(parse_model("nano"), FACES.choose(("happy", "angry")))


def test_a_card_names_a_file_by_what_is_in_it() -> None:
    assert (
        describe_origin("small")
        == describe_origin(str(parse_model("small")))
        == f"small {shipped('small').sha256[:12]}"
    )
    assert describe_origin("/runs/first/model.keras") == "first"
    assert [describe_origin(name) for name in ("none", "imagenet", "/x/vgg16.h5")] == ["none", "imagenet", "vgg16.h5"]


def test_a_run_learns_of_shipped_models_and_knows_what_it_started_from_when_the_file_is_gone(tmp_path: Path) -> None:
    data, out, start = write_csv(patterns(210, seed=3), tmp_path / "faces.csv"), tmp_path / "run", tmp_path / "a.tflite"
    start.write_bytes(parse_model("nano").read_bytes())
    flags = ["--data", data, "--out", out, "--model", "nano", "--head-epochs", 0, "--batch", 64]
    done = run_here("fer_train", "fit", *flags, "--weights", start, "--teacher", "small", "--epochs", 1)
    assert done.code == 0, done.err
    start.unlink()
    done = run_here("fer_train", "fit", "--resume", out, "--epochs", 2)
    assert done.code == 0, done.err
    card = training_card(out)
    assert card["recipe"]["weights"] == f"nano {shipped('nano').sha256[:12]}"
    assert card["teachers"] == [f"small {shipped('small').sha256[:12]}"]


def training_card(out: Path) -> dict[str, Any]:
    with zipfile.ZipFile(out / "model.keras") as archive:
        card: dict[str, Any] = json.loads(archive.read("training.json"))
    return card
