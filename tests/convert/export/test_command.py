"""fer-convert export, and what other runtimes make of the files. TensorFlow.js itself is tested in tests/tfjs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from tests.support.processes import run_in_process
from tests.support.refusals import assert_refused
from tests.support.synthetic_faces import striped_faces

from fer_convert.export import command, tfjs
from fer_data.classifiers import Classifier, Classify, open_classifier
from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_edge.config.model import parse_model
from fer_edge.inference.temperature import apply_temperature

FACES = striped_faces(14, seed=5).pixels


def read_onnx(path: Path) -> tuple[onnxruntime.InferenceSession, dict[str, str]]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["labels"]) == list(FER2013_CLASSES)
    return session, metadata


def test_a_keras_model_becomes_an_onnx_file_that_takes_any_number_of_faces(
    trained: Path, data: Path, tmp_path: Path
) -> None:
    done = run_in_process(
        "fer_convert", "export", trained, "--format", "onnx", "--data", data, "--out", tmp_path / "fer.onnx"
    )
    assert done.code == 0, done.err
    assert done.out.startswith("100 faces: same class for 100.0%")
    assert [file.name for file in tmp_path.iterdir()] == ["fer.onnx"]
    session, _ = read_onnx(tmp_path / "fer.onnx")
    (actual,) = session.run(None, {"face": FACES[..., None].astype(np.float32)})
    classifier = open_classifier(trained)
    assert classifier.temperature != 1
    assert actual == pytest.approx(classifier.classify(FACES), abs=1e-4)


def test_a_model_file_becomes_an_onnx_file_of_bytes(data: Path, tmp_path: Path) -> None:
    done = run_in_process(
        "fer_convert", "export", "nano", "--format", "onnx", "--data", data, "--out", tmp_path / "fer.onnx"
    )
    assert done.code == 0, done.err
    session, metadata = read_onnx(tmp_path / "fer.onnx")
    scale, zero_point = float(metadata["output_scale"]), int(metadata["output_zero_point"])
    name = session.get_inputs()[0].name
    rows = [(session.run(None, {name: face[None, ..., None]})[0][0] - zero_point) * scale for face in FACES]
    actual = apply_temperature(np.array(rows, np.float32), float(metadata["temperature"]))
    assert actual == pytest.approx(open_classifier(parse_model("nano")).classify(FACES), abs=0.05)


def test_a_keras_model_becomes_a_saved_model(trained: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "saved"
    done = run_in_process(
        "fer_convert", "export", trained / "model.keras", "--format", "saved_model", "--data", data, "--out", out
    )
    assert done.code == 0, done.err
    assert json.loads((out / "labels.json").read_text()) == list(FER2013_CLASSES)
    serving = tf.saved_model.load(str(out)).signatures["serving_default"]
    (actual,) = serving(tf.constant(FACES[..., None], tf.float32)).values()
    assert actual.numpy() == pytest.approx(open_classifier(trained).classify(FACES), abs=1e-4)


def test_an_export_that_disagrees_is_not_written(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def export_reversed(classifier: Classifier, out: Path) -> Classify:
        out.write_text("a model with its classes in another order")
        return lambda pixels: classifier.classify(pixels)[:, ::-1]

    monkeypatch.setitem(command.EXPORTS, "onnx", export_reversed)
    flags = ["--format", "onnx", "--data", data, "--out", tmp_path / "fer.onnx"]
    done = run_in_process("fer_convert", "export", "nano", *flags)
    assert done.code == 1
    assert "the export disagrees with the model and is not written" in done.err
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported_is_refused_with_the_reason(
    trained: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(model: object, kind: str, out: Path, expected: str) -> None:
        done = run_in_process("fer_convert", "export", model, "--format", kind, "--data", data, "--out", out)
        assert_refused(done, "fer-convert", expected)

    for kind in ("saved_model", "tfjs"):
        refused("nano", kind, tmp_path / "out", "can be exported to onnx only: give the model.keras")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    refused(trained, "saved_model", tmp_path / "full", "is not empty: give a new folder")
    refused(trained, "tfjs", tmp_path / "full" / "notes.txt", "must be a new folder in an existing one")
    refused(trained, "onnx", tmp_path / "missing" / "fer.onnx", "must be a file in an existing folder")
    monkeypatch.setenv("PATH", str(tmp_path))
    refused(trained, "tfjs", tmp_path / "out", f"tensorflowjs_converter is not installed: {tfjs.CONVERTER_CURE}")
    (tmp_path / tfjs.CONVERTER).write_text("#!/bin/sh\n")
    (tmp_path / tfjs.CONVERTER).chmod(0o755)
    refused(trained, "tfjs", tmp_path / "out", "@tensorflow/tfjs is not installed, which the export is checked with")
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    refused("nano", "onnx", tmp_path / "fer.onnx", "tf2onnx, which is not installed: pip install 'fer-edge[export]'")
