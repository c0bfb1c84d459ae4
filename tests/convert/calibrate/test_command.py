"""A model file gets its temperature from labelled faces."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.support.processes import run_in_process
from tests.support.refusals import assert_refused
from tests.support.synthetic_faces import striped_faces, write_csv

from fer_data.calibration import calibrate
from fer_data.temperature import fit_temperature
from fer_edge.config.model import MODELS
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import read_model, write_model
from fer_edge.inference.temperature import apply_temperature

FACES = striped_faces(840)
PUBLIC = FACES.split("PublicTest")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Faces, and nano with a wrong temperature on its card."""
    path = tmp_path_factory.mktemp("calibrate")
    write_csv(FACES, path / "faces.csv")
    nano = read_model(MODELS / "nano.tflite")
    write_model(
        path / "nano.tflite", nano.graph, nano.labels, {**nano.card, "temperature": 0.3, "min_score": {"sad": 0.5}}
    )
    return path


def classify(path: Path, temperature: float | None = None) -> np.ndarray:
    model = read_model(path)
    if temperature is not None:
        model.card["temperature"] = temperature
    return EmotionClassifier(model, open_engine(model)).classify(PUBLIC.pixels)


def test_the_temperature_is_fitted_on_the_output_of_the_graph_and_the_rest_of_the_file_stays(
    folder: Path, tmp_path: Path
) -> None:
    before, out = (folder / "nano.tflite").read_bytes(), tmp_path / "new.tflite"
    done = run_in_process(
        "fer_convert", "calibrate", folder / "nano.tflite", "--data", folder / "faces.csv", "--out", out
    )
    assert done.code == 0, done.err
    old, new = read_model(folder / "nano.tflite"), read_model(out)
    assert (folder / "nano.tflite").read_bytes() == before
    raw = classify(folder / "nano.tflite", 1.0)
    assert new.temperature == fit_temperature(PUBLIC.labels, raw) != old.temperature
    tempered = classify(out)
    assert np.array_equal(tempered, apply_temperature(raw, new.temperature))
    changed = {"temperature", "calibration"}
    assert {key: value for key, value in old.card.items() if key not in changed} == {
        key: value for key, value in new.card.items() if key not in changed
    }
    assert (new.graph, new.labels) == (old.graph, old.labels)
    facts = new.card["calibration"]
    assert (facts["split"], facts["faces"], facts["temperature"]) == ("PublicTest", len(PUBLIC), new.temperature)
    assert facts["ece_before"] == calibrate(PUBLIC.labels, raw).ece
    assert facts["ece"] == calibrate(PUBLIC.labels, tempered).ece
    even = np.arange(len(PUBLIC)) % 2 == 0
    halves = []
    for half in (even, ~even):
        temperature = fit_temperature(PUBLIC.labels[half], raw[half])
        halves.append(calibrate(PUBLIC.labels[~half], apply_temperature(raw[~half], temperature)).ece)
    assert facts["ece_halves"] == halves
    assert f"PublicTest, {len(PUBLIC)} faces: temperature {new.temperature:g}; ECE" in done.out


def test_without_out_the_file_itself_is_replaced_also_behind_a_link(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "nano.tflite", tmp_path / "real.tflite")
    shutil.copy(folder / "nano.tflite", tmp_path / "real_edgetpu.tflite")
    (tmp_path / "link.tflite").symlink_to("real.tflite")
    for _ in range(2):
        done = run_in_process("fer_convert", "calibrate", tmp_path / "link.tflite", "--data", folder / "faces.csv")
        assert done.code == 0, done.err
    assert (tmp_path / "link.tflite").is_symlink()
    expected = fit_temperature(PUBLIC.labels, classify(folder / "nano.tflite", 1.0))
    assert read_model(tmp_path / "real.tflite").temperature == expected, "fitted anew, not on top of the first one"
    assert f"real_edgetpu.tflite keeps its temperature: fer-convert compile {tmp_path}/real.tflite" in done.out


def test_a_model_that_was_trained_on_the_faces_is_reported(folder: Path, tmp_path: Path) -> None:
    flags = ["--data", folder / "faces.csv", "--split", "Training", "--out", tmp_path / "new.tflite"]
    done = run_in_process("fer_convert", "calibrate", folder / "nano.tflite", *flags)
    assert done.code == 0
    assert done.err == (
        "fer-convert: warning: --split Training: a model is too certain of faces that it was trained on\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ("{0}/nosuch.tflite --data {0}/faces.csv", 78, "nosuch.tflite: No such file"),
        ("{0}/nano.tflite --data {0}/nosuch.csv", 2, "nosuch.csv: No such file"),
        ("{0}/nano.tflite --data {0}/faces.csv --split X", 2, "split 'X' has no faces"),
        ("{0}/nano.tflite --data {0}/few.csv", 2, "--split PublicTest: 35 faces; a temperature needs at least 100"),
        ("{0}/nano.tflite --data {0}/faces.csv --out {0}", 2, "must be a file in an existing folder"),
        ("{0}/nano.tflite --data {0}/faces.csv --out /proc/new.tflite", 2, "--out /proc/new.tflite: "),
        ("{0}/nano.tflite", 2, "required: --data"),
    ],
)
def test_bad_input_gives_one_line_and_the_documented_exit_code(
    folder: Path, arguments: str, code: int, complaint: str
) -> None:
    write_csv(striped_faces(140), folder / "few.csv")
    before = (folder / "nano.tflite").read_bytes()
    done = run_in_process("fer_convert", "calibrate", *arguments.format(folder).split())
    assert_refused(done, "fer-convert", complaint, code)
    assert (folder / "nano.tflite").read_bytes() == before
