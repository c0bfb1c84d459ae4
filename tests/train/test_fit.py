"""A small but real training run, on made-up faces that can be told apart."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import zipfile
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from tests.support import Run, command, patterns, run, wait_until, write_csv

from fer_edge.dataset import FER2013_CLASSES
from fer_train.averaging import estimate_statistics
from fer_train.batches import Batches
from fer_train.models import residual
from fer_train.recipe import Recipe
from fer_train.targets import taught

SMALL = ["--widths", "8,16", "--blocks", "1", "--batch", "32", "--average", "0.9", "--warmup", "1"]


def fit(*arguments: object) -> Run:
    return run("fer_train", "fit", *SMALL, *arguments)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(patterns(700), tmp_path_factory.mktemp("data") / "faces.csv")


@pytest.fixture(scope="module")
def finished(data: Path) -> Path:
    out = data.parent / "run"
    done = fit("--data", data, "--out", out, "--epochs", 15)
    assert done.code == 0, done.err
    return out


def history(out: Path) -> list[dict[str, str]]:
    with (out / "history.csv").open() as file:
        return list(csv.DictReader(file))


def test_it_learns(finished: Path) -> None:
    metrics = json.loads((finished / "metrics.json").read_text())
    assert metrics["validation"] == ["PublicTest"]
    assert metrics["faces"] == 175
    assert metrics["accuracy"] > 0.6
    assert float(history(finished)[-1]["val_accuracy"]) == pytest.approx(metrics["accuracy"], abs=0.02)


def test_it_writes_model_history_metrics_recipe_and_plots(finished: Path) -> None:
    assert len(history(finished)) == 15
    assert json.loads((finished / "recipe.json").read_text())["widths"] == [8, 16]
    for name in ("curves.png", "confusion.png"):
        plot = cv2.imread(str(finished / name))
        assert min(plot.shape[:2]) > 400
        assert len(np.unique(plot)) > 50


def test_the_model_carries_its_labels_and_what_it_was_trained_on(finished: Path) -> None:
    with zipfile.ZipFile(finished / "model.keras") as archive:
        assert archive.read("labels.txt").decode().split() == list(FER2013_CLASSES)
        card = json.loads(archive.read("training.json"))
    assert (card["data"], card["faces"], card["recipe"]["epochs"]) == ("faces.csv", 525, 15)
    model = keras.saving.load_model(finished / "model.keras")
    assert model.output_shape == (None, 7)


def test_a_run_that_was_killed_goes_on_where_it_was(data: Path, tmp_path: Path) -> None:
    arguments = [*SMALL, "--data", data, "--out", tmp_path / "run", "--epochs", 6]
    with subprocess.Popen(command("fer_train", "fit", *arguments), stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: (tmp_path / "run" / "history.csv").exists() and len(history(tmp_path / "run")) >= 2, 120)
        process.kill()
    assert (tmp_path / "run" / "checkpoint.keras").exists()
    done = run("fer_train", "fit", *arguments)
    assert done.code == 0, done.err
    epochs = [int(row["epoch"]) for row in history(tmp_path / "run")]
    assert epochs[-1] == 5
    assert sorted(set(epochs)) == list(range(6))
    assert len(epochs) <= 7, "at most the epoch in hand is done again"
    assert "Epoch 1/6" not in done.out


def test_ctrl_c_is_one_line_that_says_how_to_go_on(data: Path, tmp_path: Path) -> None:
    arguments = command("fer_train", "fit", *SMALL, "--data", data, "--out", tmp_path / "run", "--epochs", 50)
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        wait_until((tmp_path / "run" / "history.csv").exists, 120)
        process.send_signal(signal.SIGINT)
        assert process.stderr
        complaint = process.stderr.read()
        assert process.wait(30) == 130
    assert "Traceback" not in complaint
    assert "the same command goes on" in complaint


def test_a_run_that_blows_up_writes_no_model(data: Path, tmp_path: Path) -> None:
    done = fit("--data", data, "--out", tmp_path / "run", "--epochs", 2, "--learning-rate", "1e30")
    assert done.code == 1
    assert "lower --learning-rate 1e+30" in done.err.splitlines()[-1]
    assert not (tmp_path / "run" / "model.keras").exists()


def test_a_folder_that_holds_another_run_is_not_mixed_with_it(data: Path, finished: Path) -> None:
    before = (finished / "model.keras").read_bytes()
    done = run("fer_train", "fit", "--data", data, "--out", finished, *SMALL, "--widths", "8,32", "--epochs", 15)
    assert done.code == 2
    assert "holds a run with widths [8, 16]" in done.err
    assert "Traceback" not in done.err
    assert (finished / "model.keras").read_bytes() == before


def test_a_share_of_training_can_be_held_out(data: Path, tmp_path: Path) -> None:
    done = fit("--data", data, "--out", tmp_path / "run", "--epochs", 1, "--validation", 0.2)
    assert done.code == 0, done.err
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert (metrics["validation"], metrics["faces"]) == (["Training"], 105)


def test_a_teacher_softens_the_targets() -> None:
    def teacher(faces: np.ndarray, *, training: bool) -> np.ndarray:
        """Says how bright the left half is, so that face and mirror image differ."""
        assert not training
        left = faces[:, :, :24].mean(axis=(1, 2, 3)) / 255
        return np.stack([left, 1 - left], axis=1)

    faces = np.zeros((1, 48, 48), np.uint8)
    faces[:, :, :24] = 255
    assert taught(np.array([[1, 0]], np.float32), faces, teacher, 0.5).tolist() == [[0.75, 0.25]]


def test_a_run_learns_from_a_teacher_and_its_card_says_so(finished: Path, data: Path, tmp_path: Path) -> None:
    teacher = finished / "model.keras"
    done = fit("--data", data, "--out", tmp_path / "run", "--epochs", 1, "--teacher", teacher)
    assert done.code == 0, done.err
    with zipfile.ZipFile(tmp_path / "run" / "model.keras") as archive:
        assert json.loads(archive.read("training.json"))["teacher"] == str(teacher)


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        ("--data {0}/nosuch.csv", "nosuch.csv: No such file"),
        ("--data {0}/faces.csv --validation PrivateTest", "--validation PrivateTest: must be"),
        ("--data {0}/faces.csv --validation 1.5", "--validation 1.5: must lie"),
        ("--data {0}/faces.csv --validation Training", "--validation Training: must be"),
        ("--data {0}/faces.csv --batch 100000", "--batch 100000: there are 525"),
        ("--data {0}/faces.csv --epochs -1", "--epochs -1: must be at least 1"),
        ("--data {0}/faces.csv --batch 0", "--batch 0: must be at least 1"),
        ("--data {0}/faces.csv --widths 8,0", "--widths (8, 0): must be"),
        ("--data {0}/faces.csv --dropout 1", "--dropout 1.0: must be at least 0 and less than 1"),
        ("--data {0}/faces.csv --erase nan", "--erase nan: must be between 0 and 1"),
        ("--data {0}/faces.csv --learning-rate -1", "--learning-rate -1.0: must be at least 0"),
        ("--data {0}/faces.csv --epochs many", "--epochs: invalid"),
        ("--data {0}/faces.csv --widths 8;16", "--widths"),
        ("--data {0}/faces.csv --teacher {0}/faces.csv", "faces.csv: not a model of fer-train"),
        ("--data {0}/faces.csv --out {0}/faces.csv", "faces.csv: File exists; give a folder"),
        ("--bogus", "required: --data"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(data: Path, tmp_path: Path, flags: str, complaint: str) -> None:
    done = run("fer_train", "fit", "--out", tmp_path / "run", *flags.format(data.parent).split())
    assert done.code == 2
    lines = [line for line in done.err.splitlines() if line.startswith("fer-train")]
    assert len(lines) == 1
    assert complaint in lines[0]
    assert "Traceback" not in done.err
    assert not (tmp_path / "run").exists()


def test_every_operation_of_the_network_is_one_of_the_accelerators() -> None:
    model = residual(7, (8, 16), 2, 0.2)
    allowed = {"InputLayer", "Rescaling", "Conv2D", "BatchNormalization", "ReLU", "Add", "GlobalAveragePooling2D"}
    assert {type(layer).__name__ for layer in model.layers} <= allowed | {"Dropout", "Dense"}


def test_statistics_are_those_of_the_faces() -> None:
    model = residual(7, (8,), 1, 0.0)
    faces = patterns(320).pixels
    still = Recipe(batch=32, rotate=0, zoom=0, shift=0, brightness=0, contrast=0, erase=0)
    estimate_statistics(model, Batches(faces, np.zeros((320, 7), np.float32), still))
    first = next(layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization))
    before = keras.Model(model.input, first.input)
    activations = np.asarray(before.predict(faces[..., None].astype(np.float32), verbose=0))
    assert np.allclose(first.moving_mean, activations.mean(axis=(0, 1, 2)), atol=0.05)
    assert np.allclose(first.moving_variance, activations.var(axis=(0, 1, 2)), rtol=0.1)
    assert first.momentum == keras.layers.BatchNormalization().momentum
