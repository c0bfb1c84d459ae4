"""A small but real training run, on synthetic faces that can be told apart."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import zipfile
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from tensorflow import make_ndarray
from tests.support.fer2013 import VOTES_HEADER
from tests.support.processes import command, run, run_in_process
from tests.support.refusals import error_line
from tests.support.synthetic_faces import striped_faces, write_csv
from tests.support.training import SHORT_RUN, fit, read_card, read_history, read_metrics
from tests.support.waiting import wait_until

from fer_data.calibration import calibrate
from fer_data.classifiers import open_classifier
from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_data.temperature import fit_temperature
from fer_edge.config.model import parse_model
from fer_edge.inference.model_file import read_model
from fer_edge.inference.temperature import apply_temperature
from fer_train.prediction import probabilities


def kernels(model: Path) -> list[NDArray[np.float32]]:
    """The kernels of a network, in the order of its layers."""
    network = keras.saving.load_model(model, compile=False)
    return [np.asarray(layer.kernel) for layer in network.layers if hasattr(layer, "kernel")]


def test_a_run_learns(trained: Path) -> None:
    metrics = read_metrics(trained)
    assert metrics["validation"] == ["PublicTest"]
    assert metrics["faces"] == 105
    assert metrics["accuracy"] > 0.6, "chance is 0.14"
    losses = [float(row["loss"]) for row in read_history(trained)]
    assert losses[-1] < losses[0] - 0.5
    assert float(read_history(trained)[-1]["val_accuracy"]) == pytest.approx(metrics["accuracy"], abs=0.02)


def test_a_run_writes_model_history_metrics_recipe_and_plots(trained: Path) -> None:
    assert len(read_history(trained)) == 5
    assert json.loads((trained / "recipe.json").read_text())["model"] == "nano"
    assert "<h2>" in (trained / "report.html").read_text()
    for name in ("curves_loss.png", "confusion.png"):
        plot = cv2.imread(str(trained / name))
        assert min(plot.shape[:2]) > 400
        assert len(np.unique(plot)) > 50


def test_the_next_command_quantizes_the_model(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "the run"
    flags = ["--data", data, "--out", run, "--epochs", 3, "--weights", "nano", "--learning-rate", 0.05]
    done = fit(*flags, "--validation", "PublicTest")
    assert done.code == 0, done.err
    assert re.search(r"^PublicTest  [\d.]+ % right; 105 faces: .* better than guessing \(\d+", done.out, re.MULTILINE)
    command = shlex.split(done.out.splitlines()[-1])
    assert command[:3] == ["next", "fer-convert", "quantize"]
    done = run_in_process("fer_convert", *command[2:], "--max-drop", 100)
    assert done.code == 0, done.err
    assert read_model(run / "fer.tflite").labels == FER2013_CLASSES


def test_the_model_contains_its_labels_and_its_training_card(trained: Path) -> None:
    with zipfile.ZipFile(trained / "model.keras") as archive:
        assert archive.read("labels.txt").decode().split() == list(FER2013_CLASSES)
    card = read_card(trained)
    assert (card["data"], card["faces"], card["recipe"]["epochs"]) == ("faces.csv", 315, 5)
    model = keras.saving.load_model(trained / "model.keras")
    assert model.output_shape == (None, 7)


def test_the_temperature_is_fitted_on_the_validation_faces(trained: Path) -> None:
    held_out = striped_faces(420).split("PublicTest")
    output = probabilities(keras.saving.load_model(trained / "model.keras"), held_out.pixels)
    temperature, metrics = read_card(trained)["temperature"], read_metrics(trained)
    assert temperature == pytest.approx(fit_temperature(held_out.labels, output), abs=0.01)
    assert metrics["temperature"] == temperature != 1
    assert metrics["ece_before"] == pytest.approx(calibrate(held_out.labels, output).ece, abs=1e-3)
    tempered = apply_temperature(output, temperature)
    assert metrics["ece"] == pytest.approx(calibrate(held_out.labels, tempered).ece, abs=1e-3)
    assert open_classifier(trained).classify(held_out.pixels) == pytest.approx(tempered, abs=1e-4)


@pytest.mark.timeout(600)  # it trains three times
def test_a_killed_run_resumes_and_ends_with_the_weights_of_an_uninterrupted_one(data: Path, tmp_path: Path) -> None:
    arguments = [*SHORT_RUN, "--data", data, "--epochs", 3, "--validation", "PublicTest", "--teacher", "nano"]
    uninterrupted, resumed = tmp_path / "uninterrupted", tmp_path / "resumed"
    assert run("fer_train", "fit", *arguments, "--out", uninterrupted).code == 0
    with subprocess.Popen(
        command("fer_train", "fit", *arguments, "--out", resumed), stdout=subprocess.DEVNULL
    ) as process:
        wait_until((resumed / "backup.weights.h5").exists, 120)
        process.kill()
    assert (resumed / "checkpoint.keras").exists()
    done = run("fer_train", "fit", "--resume", resumed, "--workers", 1)
    assert done.code == 0, done.err
    assert "Epoch 1/3" not in done.out
    rows = {row["epoch"]: row for row in read_history(resumed)}
    assert len(read_history(resumed)) <= 4, "only the interrupted epoch is repeated"
    assert [rows[str(epoch)]["loss"] for epoch in range(3)] == [row["loss"] for row in read_history(uninterrupted)]
    weights = [keras.saving.load_model(folder / "model.keras").get_weights() for folder in (uninterrupted, resumed)]
    assert all(np.array_equal(one, other) for one, other in zip(*weights, strict=True))
    done = run_in_process("fer_train", "fit", "--resume", resumed)
    assert (done.code, "Epoch" in done.out) == (0, False)
    assert f"\n{resumed}: the run is finished (3 epochs; more than --epochs 3 continue it), it is only" in done.out
    again = keras.saving.load_model(resumed / "model.keras").get_weights()
    assert all(np.array_equal(one, other) for one, other in zip(again, weights[0], strict=True))


def test_patience_stops_early_and_keeps_the_best_epoch(data: Path, tmp_path: Path) -> None:
    flags = ["--data", data, "--out", tmp_path / "run", "--epochs", 40, "--patience", 2, "--learning-rate", "1e-7"]
    done = fit(*flags, "--validation", "PublicTest")
    assert done.code == 0, done.err
    rows = read_history(tmp_path / "run")
    assert len(rows) < 40
    metrics = read_metrics(tmp_path / "run")
    accuracies = [float(row["val_accuracy"]) for row in rows]
    assert metrics["accuracy"] == pytest.approx(max(accuracies))
    epoch = 1 + accuracies.index(max(accuracies))
    assert metrics["epoch"] == epoch
    assert f"\nepoch           {epoch} of {len(rows)}, the best on the validation faces" in done.out
    assert "(--patience 2)" in done.out
    assert "no better than guessing (" in done.out
    assert "likely because  its weights" not in done.out
    assert re.search(r"likely because  it was trained for \d+ steps only", done.out)
    assert f"next            fer-train inspect {data}\n" in done.out
    again = run_in_process("fer_train", "fit", "--resume", tmp_path / "run")
    assert f"{tmp_path / 'run'}: the run is finished ({len(rows)} epochs; --patience ended it)" in again.out
    assert read_history(tmp_path / "run") == rows, "it is not trained further"


def test_a_diverging_run_writes_no_model(data: Path, tmp_path: Path) -> None:
    done = fit("--data", data, "--out", tmp_path / "run", "--epochs", 2, "--learning-rate", "1e30")
    assert done.code == 1
    assert "lower --learning-rate 1e+30" in error_line(done)
    assert not (tmp_path / "run" / "model.keras").exists()


def test_a_share_of_training_can_be_held_out(data: Path, tmp_path: Path) -> None:
    done = fit("--data", data, "--out", tmp_path / "run", "--epochs", 1, "--validation", 0.2)
    assert done.code == 0, done.err
    counts = re.findall(r"^(\w.*?) +(\d+) faces: angry (\d+)", done.out, re.MULTILINE)
    assert counts == [
        *(("Training", "252", "36"), ("held out of Training", "63", "9"), ("PublicTest", "105", "15")),
        ("total", "420", "60"),
    ]
    metrics = read_metrics(tmp_path / "run")
    assert (metrics["validation"], metrics["faces"]) == (["held out of Training"], 63)
    page = (tmp_path / "run" / "report.html").read_text()
    assert "of 63 faces (held out of Training) correctly" in page
    test = metrics["test"]
    assert (test["split"], test["faces"]) == (["PublicTest"], 105), "not validated on, so it is judged in addition"
    assert f"{100 * test['accuracy']:.1f} % of 105 faces (PublicTest) correctly" in page
    assert f"PublicTest            {100 * test['accuracy']:.1f} % right; 105 faces: the figure may be" in done.out


def test_a_student_learns_from_its_teachers_although_its_labels_are_wrong(
    trained: Path, data: Path, tmp_path: Path
) -> None:
    header, *rows = data.read_text().splitlines()
    wrong = [row if row.endswith("PublicTest") else f"{number % 7},{row[2:]}" for number, row in enumerate(rows)]
    (tmp_path / "faces.csv").write_text("\n".join([header, *wrong]))
    flags = ["--data", tmp_path / "faces.csv", "--validation", "PublicTest", "--epochs", 6, "--mixup", 0.2]
    teachers = ["--teacher", trained, "--teacher", trained / "model.keras", "--teacher-weight", 1]
    done = fit(*flags, *teachers, "--precision", "mixed_bfloat16", "--out", tmp_path / "run")
    assert done.code == 0, done.err
    assert read_metrics(tmp_path / "run")["accuracy"] > 0.6, "chance is 0.14"
    assert read_card(tmp_path / "run")["teachers"] == ["run", "run"]
    sizes = [(run / "backup.weights.h5").stat().st_size for run in (tmp_path / "run", trained)]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.01), "the teachers are not in it"


def test_a_run_of_other_classes_starts_from_an_earlier_model(trained: Path, data: Path, tmp_path: Path) -> None:
    """At a tiny learning rate, only the initial weights and the head trained before can explain the accuracy."""
    flags = ["--data", data, "--out", tmp_path / "run", "--epochs", 1, "--learning-rate", "1e-6", "--average", 0]
    start = ["--weights", trained / "model.keras", "--head-epochs", 100]
    done = fit(*flags, *start, "--classes", "angry,happy,neutral", "--validation", "PublicTest")
    assert done.code == 0, done.err
    metrics = read_metrics(tmp_path / "run")
    assert metrics["accuracy"] > 0.6, "chance is 0.33"


def test_a_share_of_the_initial_weights_is_kept(trained: Path, data: Path, tmp_path: Path) -> None:
    """At a learning rate that destroys the network, only the initial weights can explain the accuracy."""
    flags = ["--data", data, "--validation", "PublicTest", "--epochs", 1, "--average", 0, "--head-epochs", 0]
    flags += ["--weights", trained / "model.keras", "--learning-rate", 0.05, "--keep-initial", 0.999]
    done = fit(*flags, "--out", tmp_path / "run")
    assert done.code == 0, done.err
    assert read_metrics(tmp_path / "run")["accuracy"] == pytest.approx(read_metrics(trained)["accuracy"], abs=0.03)
    assert read_card(tmp_path / "run")["recipe"]["keep_initial"] == 0.999
    changes = [
        np.abs(kept - first).max() / (np.abs(first).max() + 1e-9)
        for kept, first in zip(*(kernels(run / "model.keras") for run in (tmp_path / "run", trained)), strict=True)
    ]
    assert 0 < max(changes) < 0.01


def test_a_share_of_the_initial_weights_needs_some(data: Path, tmp_path: Path) -> None:
    done = fit("--data", data, "--epochs", 1, "--weights", "none", "--keep-initial", 0.3, "--out", tmp_path / "run")
    assert (done.code, done.err.splitlines()[-1]) == (2, "fer-train: --keep-initial 0.3: needs --weights")


def test_hints_are_a_second_task_beside_the_labels(data: Path, trained: Path, tmp_path: Path) -> None:
    usages = [line.rpartition(",")[2] for line in data.read_text().splitlines()[1:]]
    counts = [",".join("9" if answer == kind else "0" for answer in range(10)) for kind in range(8)]
    rows = (f"{usage},x.png,{counts[row // 4 % 8]}\n" for row, usage in enumerate(usages))
    (tmp_path / "votes.csv").write_text(VOTES_HEADER + "".join(rows))
    flags = ["--data", data, "--ferplus", tmp_path / "votes.csv", "--epochs", 1, "--validation", "PublicTest"]
    done = fit(*flags, "--ferplus-as", "hints", "--out", tmp_path / "hints")
    assert done.code == 0, done.err
    assert keras.saving.load_model(tmp_path / "hints" / "model.keras").output_shape == (None, 7)
    first = [float(read_history(run)[0]["loss"]) for run in (tmp_path / "hints", trained)]
    assert first[0] > first[1] + 0.3, "the second task adds to the loss"
    done = fit(*flags, "--out", tmp_path / "labels")
    assert done.code == 0, done.err
    classes = read_metrics(tmp_path / "labels")["classes"]
    assert classes[:2] == ["neutral", "happy"]


def test_tensorboard_gets_the_figures_of_each_epoch(data: Path, tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    done = fit("--data", data, "--out", tmp_path / "run", "--epochs", 2, "--tensorboard")
    assert done.code == 0, done.err
    events = accumulator.EventAccumulator(str(tmp_path / "run" / "tensorboard" / "validation")).Reload()
    logged = [float(make_ndarray(event.tensor_proto)) for event in events.Tensors("epoch_accuracy")]
    assert logged == pytest.approx([float(row["val_accuracy"]) for row in read_history(tmp_path / "run")], abs=1e-6)


def test_copies_of_validation_faces_are_not_trained_on(data: Path, tmp_path: Path) -> None:
    lines = data.read_text().splitlines()
    validation = [line for line in lines if line.endswith("PublicTest")]
    copies = [line.replace("PublicTest", "Training") for line in validation[:9]]
    (tmp_path / "faces.csv").write_text("\n".join([*lines, *copies]))
    done = fit("--data", tmp_path / "faces.csv", "--out", tmp_path / "run", "--epochs", 1, "--validation", "PublicTest")
    assert done.code == 0, done.err
    assert (
        "\nTraining    315 faces: angry 45, disgust 45, fear 45, happy 45, sad 45, surprise 45, neutral 45\n"
        in done.out
    )
    assert "\nleft out    9 training faces: exact copies" in done.out
    assert "\ntotal       429 faces: " in done.out
    faces = json.loads((tmp_path / "run" / "run.json").read_text())["faces"]
    assert {name: sum(sum(row.values()) for row in counts.values()) for name, counts in faces.items()} == {
        **{"training": 315, "validation": 105}
    }
    assert read_card(tmp_path / "run")["faces"] == 315


def test_the_card_names_shipped_models_even_after_their_file_is_deleted(tmp_path: Path) -> None:
    data, out, start = (
        write_csv(striped_faces(210, seed=3), tmp_path / "faces.csv"),
        tmp_path / "run",
        tmp_path / "a.tflite",
    )
    start.write_bytes(parse_model("nano").read_bytes())
    flags = ["--data", data, "--out", out, "--model", "nano", "--head-epochs", 0, "--batch", 64]
    done = run_in_process("fer_train", "fit", *flags, "--weights", start, "--teacher", "small", "--epochs", 1)
    assert done.code == 0, done.err
    start.unlink()
    done = run_in_process("fer_train", "fit", "--resume", out, "--epochs", 2)
    assert done.code == 0, done.err
    nano, small = (read_model(parse_model(name)).sha256[:12] for name in ("nano", "small"))
    assert read_card(out)["recipe"]["weights"] == f"nano {nano}"
    assert read_card(out)["teachers"] == [f"small {small}"]
