"""A freshly trained network through quantization to the device's own classifier."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from tensorflow.lite.python import schema_py_generated as schema
from tests.support.processes import run, run_in_process
from tests.support.refusals import assert_refused
from tests.support.synthetic_faces import striped_faces, write_csv
from tests.support.training import read_card

from fer_convert.check.mapping import check_model
from fer_convert.quantize.conversion import FACES_PER_CLASS, representative_faces
from fer_data.classifiers import open_classifier
from fer_data.dataset import FaceSet
from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import append_entries, read_model

FACES = striped_faces(420)


ROUGH = ["--max-drop", "5"]  # a network of five epochs, on 105 faces
MIN_SCORES = ["--min-score", "happy=0.7,Sad=0.55"]


@pytest.fixture(scope="module")
def folder(data: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, a trained model and its quantized file."""
    path = tmp_path_factory.mktemp("convert")
    (path / "faces.csv").symlink_to(data)
    (path / "run").symlink_to(trained)
    arguments = [path / "run" / "model.keras", "--data", path / "faces.csv", "--out", path / "fer.tflite", *ROUGH]
    done = run("fer_convert", "quantize", *arguments, *MIN_SCORES)
    assert (done.code, done.err) == (0, ""), "no messages of TensorFlow"
    (path / "quantize.txt").write_text(done.out)
    return path


def test_the_file_fulfils_the_model_contract(folder: Path) -> None:
    model = read_model(folder / "fer.tflite")
    engine = open_engine(model)
    taken, given = engine.interpreter.get_input_details(), engine.interpreter.get_output_details()
    assert [(t["shape"].tolist(), t["dtype"], t["quantization"]) for t in taken] == [
        ([1, 48, 48, 1], np.uint8, (1.0, 0))
    ]
    assert [(t["shape"].tolist(), t["dtype"]) for t in given] == [([1, 7], np.uint8)]
    assert check_model(model).floats == ()
    assert model.labels == FER2013_CLASSES


def test_the_card_has_training_and_metrics(folder: Path) -> None:
    card = read_model(folder / "fer.tflite").card
    assert card["name"] == "fer"
    assert card["min_score"] == {"happy": 0.7, "sad": 0.55}
    assert card["temperature"] == read_card(folder / "run")["temperature"] != 1
    assert "temperature" not in card["training"]
    assert f"\ntemperature {card['temperature']:g}\n" in (folder / "quantize.txt").read_text()
    assert card["training"]["data"] == "faces.csv"
    assert card["training"]["recipe"]["model"] == "nano"
    assert card["metrics"]["split"] == "PublicTest"
    assert card["metrics"]["faces"] == 105
    assert abs(card["metrics"]["float_accuracy"] - card["metrics"]["int8_accuracy"]) < 0.05
    assert card["metrics"]["agreement"] > 0.95
    assert 0 < card["metrics"]["largest_difference"] < 0.3
    said = (folder / "quantize.txt").read_text()
    assert f"probabilities differ by up to {card['metrics']['largest_difference']:.3f}" in said


def test_the_device_classifies_like_the_float_network(folder: Path) -> None:
    model = read_model(folder / "fer.tflite")
    faces = FACES.split("PublicTest").pixels
    device = EmotionClassifier(model, open_engine(model)).classify(faces)
    wanted = open_classifier(folder / "run").classify(faces)
    assert np.abs(device - wanted).mean() < 0.02
    assert np.abs(device - wanted).max() < 0.3


def test_the_same_model_and_data_give_the_same_bytes(folder: Path) -> None:
    arguments = [folder / "run" / "model.keras", "--data", folder / "faces.csv", "--name", "fer", *ROUGH, *MIN_SCORES]
    assert run("fer_convert", "quantize", *arguments, "--out", folder / "again.tflite").code == 0
    assert (folder / "again.tflite").read_bytes() == (folder / "fer.tflite").read_bytes()


def test_the_dense_layer_is_quantized_per_tensor(folder: Path) -> None:
    # Read from the file: ai-edge-litert itself reports as many scales as outputs.
    graph = schema.ModelT.InitFromPackedBuf(read_model(folder / "fer.tflite").graph, 0)
    tensors = [tensor for tensor in graph.subgraphs[0].tensors if tensor.quantization.scale is not None]
    scales = {tuple(tensor.shape): len(tensor.quantization.scale) for tensor in tensors}
    assert scales[(7, 64)] == 1, "old runtimes compute a per-channel dense layer wrongly"
    assert scales[(16, 3, 3, 16)] == 16


def test_a_model_with_fewer_classes_is_evaluated_on_those(folder: Path, tmp_path: Path) -> None:
    inputs = keras.Input((48, 48, 1))
    dark = keras.layers.Dense(2, activation="softmax")(keras.layers.GlobalAveragePooling2D()(inputs))
    saved(keras.Model(inputs, dark), tmp_path / "two.keras")
    arguments = ["--data", folder / "faces.csv", "--out", tmp_path / "two.tflite", "--max-drop", "100"]
    done = run_in_process("fer_convert", "quantize", tmp_path / "two.keras", *arguments, "--temperature", 1.5)
    assert done.code == 0, done.err
    assert read_model(tmp_path / "two.tflite").temperature == 1.5
    assert read_model(tmp_path / "two.tflite").labels == ("sad", "happy")
    assert read_model(tmp_path / "two.tflite").card["metrics"]["faces"] == 30


def saved(network: keras.Model, path: Path, labels: str = "sad\nhappy\n") -> Path:
    """As fer-train fit saves a network."""
    network.save(path)
    append_entries(path, {"labels.txt": labels, "training.json": "{}"})
    return path


def network_with(layer: keras.layers.Layer, side: int | None = 48) -> keras.Model:
    """A small network with a convolution, `layer` behind it, and two classes."""
    faces = keras.Input((side, side, 1))
    x = layer(keras.layers.Conv2D(8, 3, strides=4, name="first")(faces))
    outputs = keras.layers.Dense(2, activation="softmax")(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(faces, outputs)


@pytest.mark.parametrize(
    ("layer", "side", "complaint"),
    [
        (keras.layers.ELU(name="bent"), 48, "is not full-integer; these tensors stay floating-point: .*bent.*/Elu"),
        (keras.layers.ReLU(), None, "every size must be fixed; these tensors are dynamic: "),
        (keras.layers.LeakyReLU(name="leak"), 48, "does not support LEAKY_RELU in .*leak.*use ReLU.*--allow-cpu-ops"),
    ],
    ids=["float", "open", "off-list"],
)
def test_a_network_that_the_edge_tpu_cannot_run_is_refused_and_the_layer_is_named(
    data: Path, tmp_path: Path, layer: keras.layers.Layer, side: int | None, complaint: str
) -> None:
    model = saved(network_with(layer, side), tmp_path / "two.keras")
    flags = ["--data", data, "--out", tmp_path / "two.tflite"]
    done = run_in_process("fer_convert", "quantize", model, *flags)
    (line,) = [line for line in done.err.splitlines() if line.startswith("fer-convert: ")]
    assert done.code == 2
    assert re.search(complaint, line)
    assert not (tmp_path / "two.tflite").exists()


def test_only_unsupported_operators_can_be_allowed(data: Path, tmp_path: Path) -> None:
    flags = ["--data", data, "--out", tmp_path / "two.tflite", "--allow-cpu-ops", "--max-drop", "100"]
    floating = saved(network_with(keras.layers.ELU()), tmp_path / "float.keras")
    assert run_in_process("fer_convert", "quantize", floating, *flags).code == 2
    leaky = saved(network_with(keras.layers.LeakyReLU()), tmp_path / "leaky.keras")
    done = run_in_process("fer_convert", "quantize", leaky, *flags)
    assert done.code == 0, done.err
    assert run_in_process("fer_convert", "check", tmp_path / "two.tflite").code == 1


def test_a_network_that_loses_too_much_accuracy_in_int8_is_refused(tmp_path: Path) -> None:
    """Two classes that differ by a twelfth of a grey value on average: less than a step of int8."""
    pixels = np.full((80, 48, 48), 128, np.uint8)
    pixels[::2, ::12] = 129
    labels = np.where(np.arange(80) % 2, 5, 3)
    splits = np.where(np.arange(80) < 40, "Training", "PublicTest")
    names = FACES.names[:80]
    write_csv(FaceSet(pixels, labels, splits, FER2013_CLASSES, names), tmp_path / "faces.csv")
    inputs = keras.Input((48, 48, 1))
    dense = keras.layers.Dense(2, activation="softmax")
    network = keras.Model(inputs, dense(keras.layers.GlobalAveragePooling2D()(inputs)))
    dense.set_weights([np.array([[20.0, -20.0]]), np.array([-20 * 128.04, 20 * 128.04])])
    model = saved(network, tmp_path / "two.keras", f"{FER2013_CLASSES[3]}\n{FER2013_CLASSES[5]}\n")
    flags = ["--data", tmp_path / "faces.csv", "--out", tmp_path / "two.tflite"]
    done = run_in_process("fer_convert", "quantize", model, *flags)
    assert done.code == 1
    assert "fer-convert: int8 loses 50.00 points against float (100.00 % to 50.00 % of 40 faces)" in done.err
    assert "--max-drop allows 0.5" in done.err
    assert not (tmp_path / "two.tflite").exists()
    assert run_in_process("fer_convert", "quantize", model, *flags, "--max-drop", "50").code == 0
    assert (tmp_path / "two.tflite").exists()


def test_representative_faces_are_balanced_and_reproducible() -> None:
    training = FACES.split("Training")
    chosen = representative_faces(training)
    labels = {face.tobytes(): label for face, label in zip(training.pixels, training.labels, strict=True)}
    assert np.bincount([labels[face.tobytes()] for face in chosen]).tolist() == [FACES_PER_CLASS] * 7
    assert np.array_equal(chosen, representative_faces(training))


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ("quantize {0}/nosuch.keras --data {0}/faces.csv --out {0}/x.tflite", 2, "nosuch.keras: No such file"),
        ("quantize {0}/faces.csv --data {0}/faces.csv --out {0}/x.tflite", 2, "faces.csv: not a model of fer-train"),
        ("quantize {0}/bare.keras --data {0}/faces.csv --out {0}/x.tflite", 2, "bare.keras: not a model of fer-train"),
        (
            "quantize {0}/run/model.keras --data {0}/faces.csv --out {0}/no/x.tflite",
            2,
            "must be a file in an existing folder",
        ),
        ("quantize {0}/run/model.keras --data {0}/faces.csv --out {0}", 2, "must be a file in an existing folder"),
        ("quantize {0}/run/model.keras --data {0}/faces.csv --out {0}/x.tflite --split X", 2, "split 'X' has no faces"),
        *(
            (
                f"quantize {{0}}/run/model.keras --data {{0}}/faces.csv --out {{0}}/x.tflite --temperature {value}",
                2,
                refusal,
            )
            for value, refusal in {
                "0": "--temperature 0.0: expected a number above 0",
                "-1": "--temperature -1.0: expected",
                "nan": "--temperature nan: expected",
                "inf": "--temperature inf: expected",
                "warm": "--temperature: invalid float value: 'warm'",
            }.items()
        ),
        ("bogus", 2, "invalid choice: 'bogus'"),
    ],
)
def test_bad_input_gives_one_line_and_the_documented_exit_code(
    folder: Path, arguments: str, code: int, complaint: str
) -> None:
    with zipfile.ZipFile(folder / "bare.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    done = run_in_process("fer_convert", *arguments.format(folder).split())
    assert_refused(done, "fer-convert", complaint, code)
    assert not (folder / "x.tflite").exists()
