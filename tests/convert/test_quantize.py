"""A freshly trained network through quantization to the device's own classifier."""

from __future__ import annotations

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from tensorflow.lite.python import schema_py_generated as schema
from tests.support import patterns, run, write_csv

from fer_convert import quantize
from fer_edge.accelerator import open_engine
from fer_edge.emotions import EmotionClassifier
from fer_edge.modelfile import ModelFile, append_entries, read_model
from fer_edge.readers import FER2013_CLASSES

FACES = patterns(700)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, a trained model and its quantized file."""
    path = tmp_path_factory.mktemp("convert")
    write_csv(FACES, path / "faces.csv")
    flags = ["--model", "nano", "--batch", "32", "--average", "0.9", "--warmup", "1", "--epochs", "8"]
    trained = run("fer_train", "fit", "--data", path / "faces.csv", "--out", path / "run", *flags)
    assert trained.code == 0, trained.err
    arguments = [path / "run" / "model.keras", "--data", path / "faces.csv", "--out", path / "fer.tflite"]
    done = run("fer_convert", "quantize", *arguments)
    assert done.code == 0, done.err
    (path / "quantize.txt").write_text(done.out)
    return path


def test_the_file_is_of_the_contract(folder: Path) -> None:
    model = read_model(folder / "fer.tflite")
    engine = open_engine(model)
    taken, given = engine.interpreter.get_input_details(), engine.interpreter.get_output_details()
    assert [(t["shape"].tolist(), t["dtype"], t["quantization"]) for t in taken] == [
        ([1, 48, 48, 1], np.uint8, (1.0, 0))
    ]
    assert [(t["shape"].tolist(), t["dtype"]) for t in given] == [([1, 7], np.uint8)]
    assert quantize.float_tensors(engine) == []
    assert model.labels == FER2013_CLASSES


def test_the_card_tells_training_and_metrics(folder: Path) -> None:
    card = read_model(folder / "fer.tflite").card
    assert card["name"] == "fer"
    assert card["training"]["data"] == "faces.csv"
    assert card["training"]["recipe"]["model"] == "nano"
    assert card["metrics"]["split"] == "PublicTest"
    assert card["metrics"]["faces"] == 175
    assert abs(card["metrics"]["float_accuracy"] - card["metrics"]["int8_accuracy"]) < 0.05
    assert card["metrics"]["agreement"] > 0.95


def test_the_device_gives_what_the_float_network_gives(folder: Path) -> None:
    model = read_model(folder / "fer.tflite")
    faces = FACES.split("PublicTest").pixels
    device = EmotionClassifier(model, open_engine(model)).classify(faces)
    trained = keras.saving.load_model(folder / "run" / "model.keras", compile=False)
    wanted = trained.predict(faces[..., None].astype(np.float32), verbose=0)
    assert np.abs(device - wanted).mean() < 0.02
    assert np.abs(device - wanted).max() < 0.3


def test_the_same_model_and_data_give_the_same_bytes(folder: Path) -> None:
    arguments = [folder / "run" / "model.keras", "--data", folder / "faces.csv", "--name", "fer"]
    assert run("fer_convert", "quantize", *arguments, "--out", folder / "again.tflite").code == 0
    assert (folder / "again.tflite").read_bytes() == (folder / "fer.tflite").read_bytes()


def test_the_dense_layer_is_quantized_per_tensor(folder: Path) -> None:
    # As written in the file: ai-edge-litert itself tells of as many scales as outputs.
    graph = schema.ModelT.InitFromPackedBuf(read_model(folder / "fer.tflite").graph, 0)
    tensors = [tensor for tensor in graph.subgraphs[0].tensors if tensor.quantization.scale is not None]
    scales = {tuple(tensor.shape): len(tensor.quantization.scale) for tensor in tensors}
    assert scales[(7, 64)] == 1, "old runtimes compute a per-channel dense layer wrongly"
    assert scales[(16, 3, 3, 16)] == 16


def test_a_model_of_fewer_classes_is_judged_on_those(folder: Path, tmp_path: Path) -> None:
    inputs = keras.Input((48, 48, 1))
    dark = keras.layers.Dense(2, activation="softmax")(keras.layers.GlobalAveragePooling2D()(inputs))
    keras.Model(inputs, dark).save(tmp_path / "two.keras")
    append_entries(tmp_path / "two.keras", {"labels.txt": "sad\nhappy\n", "training.json": "{}"})
    arguments = ["--data", folder / "faces.csv", "--out", tmp_path / "two.tflite"]
    done = run("fer_convert", "quantize", tmp_path / "two.keras", *arguments)
    assert done.code == 0, done.err
    assert read_model(tmp_path / "two.tflite").labels == ("sad", "happy")
    assert read_model(tmp_path / "two.tflite").card["metrics"]["faces"] == 50


def test_a_float_tensor_is_found(folder: Path) -> None:
    import tensorflow as tf

    trained = keras.saving.load_model(folder / "run" / "model.keras", compile=False)
    graph = tf.lite.TFLiteConverter.from_keras_model(trained).convert()
    assert quantize.float_tensors(open_engine(ModelFile(Path("f"), graph, FER2013_CLASSES, {})))


def test_representative_faces_are_as_many_of_each_class_and_the_same_each_time() -> None:
    training = FACES.split("Training")
    chosen = quantize.representative_faces(training)
    labels = {face.tobytes(): label for face, label in zip(training.pixels, training.labels, strict=True)}
    assert np.bincount([labels[face.tobytes()] for face in chosen]).tolist() == [quantize.PER_CLASS] * 7
    assert np.array_equal(chosen, quantize.representative_faces(training))


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ("quantize {0}/nosuch.keras --data {0}/faces.csv --out {0}/x.tflite", 2, "nosuch.keras: No such file"),
        ("quantize {0}/faces.csv --data {0}/faces.csv --out {0}/x.tflite", 2, "faces.csv: not a model of fer-train"),
        ("quantize {0}/bare.keras --data {0}/faces.csv --out {0}/x.tflite", 2, "bare.keras: not a model of fer-train"),
        ("quantize {0}/run/model.keras --data {0}/faces.csv --out {0}/no/x.tflite", 2, "must be a file in a folder"),
        ("quantize {0}/run/model.keras --data {0}/faces.csv --out {0}", 2, "must be a file in a folder"),
        ("quantize {0}/run/model.keras --data {0}/faces.csv --out {0}/x.tflite --split X", 2, "split 'X' has no faces"),
        ("bogus", 2, "invalid choice: 'bogus'"),
    ],
)
def test_bad_input_is_one_line_and_the_documented_code(folder: Path, arguments: str, code: int, complaint: str) -> None:
    with zipfile.ZipFile(folder / "bare.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    done = run("fer_convert", *arguments.format(folder).split())
    lines = [line for line in done.err.splitlines() if line.startswith("fer-convert")]
    assert done.code == code
    assert len(lines) == 1
    assert complaint in lines[0]
    assert "Traceback" not in done.err
    assert not (folder / "x.tflite").exists()
