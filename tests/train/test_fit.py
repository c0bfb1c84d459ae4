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
from tests.support import Run, command, run, run_here, wait_until
from tests.support.refusals import assert_refused

from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_train.training.callbacks import Interruptible

SMALL = ["--model", "nano", "--batch", "32", "--average", "0.9", "--warmup", "1"]


def fit(*arguments: object) -> Run:
    return run_here("fer_train", "fit", *SMALL, *arguments)


def history(out: Path) -> list[dict[str, str]]:
    with (out / "history.csv").open() as file:
        return list(csv.DictReader(file))


def test_it_learns(trained: Path) -> None:
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["validation"] == ["PublicTest"]
    assert metrics["faces"] == 105
    assert metrics["accuracy"] > 0.6, "chance is 0.14"
    losses = [float(row["loss"]) for row in history(trained)]
    assert losses[-1] < losses[0] - 0.5
    assert float(history(trained)[-1]["val_accuracy"]) == pytest.approx(metrics["accuracy"], abs=0.02)


def test_it_writes_model_history_metrics_recipe_and_plots(trained: Path) -> None:
    assert len(history(trained)) == 5
    assert json.loads((trained / "recipe.json").read_text())["model"] == "nano"
    assert "<h2>" in (trained / "report.html").read_text()
    for name in ("curves.png", "confusion.png"):
        plot = cv2.imread(str(trained / name))
        assert min(plot.shape[:2]) > 400
        assert len(np.unique(plot)) > 50


def test_the_model_carries_its_labels_and_what_it_was_trained_on(trained: Path) -> None:
    with zipfile.ZipFile(trained / "model.keras") as archive:
        assert archive.read("labels.txt").decode().split() == list(FER2013_CLASSES)
        card = json.loads(archive.read("training.json"))
    assert (card["data"], card["faces"], card["recipe"]["epochs"]) == ("faces.csv", 315, 5)
    model = keras.saving.load_model(trained / "model.keras")
    assert model.output_shape == (None, 7)


def test_a_run_that_was_killed_goes_on_and_ends_where_one_without_a_cut_ends(data: Path, tmp_path: Path) -> None:
    arguments = [*SMALL, "--data", data, "--epochs", 3, "--validation", "PublicTest"]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run("fer_train", "fit", *arguments, "--out", whole).code == 0
    with subprocess.Popen(command("fer_train", "fit", *arguments, "--out", cut), stdout=subprocess.DEVNULL) as process:
        wait_until((cut / "backup.weights.h5").exists, 120)
        process.kill()
    assert (cut / "checkpoint.keras").exists()
    done = run("fer_train", "fit", "--resume", cut)
    assert done.code == 0, done.err
    assert "Epoch 1/3" not in done.out
    rows = {row["epoch"]: row for row in history(cut)}
    assert len(history(cut)) <= 4, "at most the epoch in hand is done again"
    assert [rows[str(epoch)]["loss"] for epoch in range(3)] == [row["loss"] for row in history(whole)]
    weights = [keras.saving.load_model(folder / "model.keras").get_weights() for folder in (whole, cut)]
    assert all(np.array_equal(one, other) for one, other in zip(*weights, strict=True))
    done = run_here("fer_train", "fit", "--resume", cut)
    assert (done.code, "Epoch" in done.out) == (0, False), "a run that has ended is only judged again"
    again = keras.saving.load_model(cut / "model.keras").get_weights()
    assert all(np.array_equal(one, other) for one, other in zip(again, weights[0], strict=True))


def test_going_on_takes_no_other_orders_but_the_length(trained: Path) -> None:
    done = run_here("fer_train", "fit", "--resume", trained, "--model", "small")
    assert (done.code, "--model cannot be given" in done.err) == (2, True)
    done = run_here("fer_train", "fit", "--resume", trained, "--data", "x.csv")
    assert (done.code, "--data cannot be given" in done.err) == (2, True)
    done = run_here("fer_train", "fit", "--resume", trained, "--keep-copies")
    assert (done.code, "--keep-copies cannot be given" in done.err) == (2, True)
    done = run_here("fer_train", "fit", "--resume", trained.parent)
    assert (done.code, "not the folder of a run" in done.err) == (2, True)


def test_patience_stops_early_and_keeps_the_best_epoch(data: Path, tmp_path: Path) -> None:
    flags = ["--data", data, "--out", tmp_path / "run", "--epochs", 40, "--patience", 2, "--learning-rate", "1e-7"]
    done = fit(*flags, "--validation", "PublicTest")
    assert done.code == 0, done.err
    rows = history(tmp_path / "run")
    assert len(rows) < 40
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["accuracy"] == pytest.approx(max(float(row["val_accuracy"]) for row in rows))


def test_the_report_can_be_made_again_for_another_part(trained: Path, tmp_path: Path) -> None:
    done = run_here("fer_train", "report", trained, "--split", "Training", "--out", tmp_path / "again")
    assert done.code == 0, done.err
    assert "of 315 faces of Training" in done.out
    assert json.loads((tmp_path / "again" / "metrics.json").read_text())["faces"] == 315
    done = run_here("fer_train", "report", trained, "--out", "/proc/again")
    assert (done.code, "--out /proc/again: " in done.err, "Traceback" in done.err) == (2, True, False)
    done = run_here("fer_train", "report", tmp_path)
    assert (done.code, "not the folder of a run" in done.err) == (2, True)


def test_ctrl_c_is_one_line_that_says_how_to_go_on(data: Path, tmp_path: Path) -> None:
    arguments = command("fer_train", "fit", *SMALL, "--data", data, "--out", tmp_path / "run", "--epochs", 50)
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        wait_until((tmp_path / "run" / "history.csv").exists, 120)
        process.send_signal(signal.SIGINT)
        assert process.stderr
        complaint = process.stderr.read()
        assert process.wait(30) == 130
    assert "Traceback" not in complaint
    assert "the same command resumes" in complaint


def test_a_ctrl_c_that_a_library_swallows_is_heard_after_the_batch() -> None:
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        callback = Interruptible()
        callback.on_train_begin()
        callback.on_train_batch_end(0)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            callback.on_train_batch_end(1)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_run_that_blows_up_writes_no_model(data: Path, tmp_path: Path) -> None:
    done = fit("--data", data, "--out", tmp_path / "run", "--epochs", 2, "--learning-rate", "1e30")
    assert done.code == 1
    said = [line for line in done.err.splitlines() if line.startswith("fer-train")]
    assert len(said) == 1
    assert "lower --learning-rate 1e+30" in said[0]
    assert not (tmp_path / "run" / "model.keras").exists()


def test_a_folder_that_holds_another_run_is_not_mixed_with_it(data: Path, trained: Path) -> None:
    before = (trained / "model.keras").read_bytes()
    done = run_here("fer_train", "fit", "--data", data, "--out", trained, *SMALL, "--mixup", 0.2, "--epochs", 5)
    assert done.code == 2
    assert "holds a run with mixup 0.0, validation PublicTest" in done.err
    assert "Traceback" not in done.err
    assert (trained / "model.keras").read_bytes() == before


def test_a_share_of_training_can_be_held_out(data: Path, tmp_path: Path) -> None:
    done = fit("--data", data, "--out", tmp_path / "run", "--epochs", 1, "--validation", 0.2)
    assert done.code == 0, done.err
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert (metrics["validation"], metrics["faces"]) == (["Training"], 63)


def test_a_run_learns_from_teachers_and_its_card_names_them(trained: Path, data: Path, tmp_path: Path) -> None:
    teacher = trained / "model.keras"
    done = fit("--data", data, "--out", tmp_path / "run", "--epochs", 1, "--teacher", teacher, "--teacher", teacher)
    assert done.code == 0, done.err
    with zipfile.ZipFile(tmp_path / "run" / "model.keras") as archive:
        assert json.loads(archive.read("training.json"))["teachers"] == ["run", "run"]


def test_a_run_of_other_classes_starts_from_an_earlier_model(trained: Path, data: Path, tmp_path: Path) -> None:
    """One epoch at a tiny rate: what it knows it must have from the earlier run, and its head from before."""
    flags = ["--data", data, "--out", tmp_path / "run", "--epochs", 1, "--learning-rate", "1e-6", "--average", 0]
    start = ["--weights", trained / "model.keras", "--head-epochs", 100]
    done = fit(*flags, *start, "--classes", "angry,happy,neutral", "--validation", "PublicTest")
    assert done.code == 0, done.err
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["accuracy"] > 0.6, "chance is 0.33"


def test_votes_as_hints_are_learned_beside_the_labels(data: Path, trained: Path, tmp_path: Path) -> None:
    header = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
    usages = [line.rpartition(",")[2] for line in data.read_text().splitlines()[1:]]
    counts = [",".join("9" if answer == kind else "0" for answer in range(10)) for kind in range(8)]
    rows = (f"{usage},x.png,{counts[row // 4 % 8]}\n" for row, usage in enumerate(usages))
    (tmp_path / "votes.csv").write_text(header + "".join(rows))
    flags = ["--data", data, "--ferplus", tmp_path / "votes.csv", "--epochs", 1, "--validation", "PublicTest"]
    done = fit(*flags, "--ferplus-as", "hints", "--out", tmp_path / "hints")
    assert done.code == 0, done.err
    assert keras.saving.load_model(tmp_path / "hints" / "model.keras").output_shape == (None, 7)
    first = [float(history(run)[0]["loss"]) for run in (tmp_path / "hints", trained)]
    assert first[0] > first[1] + 0.3, "the second task adds to the loss"
    done = fit(*flags, "--out", tmp_path / "labels")
    assert done.code == 0, done.err
    classes = json.loads((tmp_path / "labels" / "metrics.json").read_text())["classes"]
    assert classes[:2] == ["neutral", "happy"]


def test_copies_of_watched_faces_are_not_trained_on(data: Path, tmp_path: Path) -> None:
    lines = data.read_text().splitlines()
    watched = [line for line in lines if line.endswith("PublicTest")]
    copies = [line.replace("PublicTest", "Training") for line in watched[:9]]
    (tmp_path / "faces.csv").write_text("\n".join([*lines, *copies]))
    done = fit("--data", tmp_path / "faces.csv", "--out", tmp_path / "run", "--epochs", 1, "--validation", "PublicTest")
    assert done.code == 0, done.err
    assert "9 training faces left out" in done.out
    with zipfile.ZipFile(tmp_path / "run" / "model.keras") as archive:
        assert json.loads(archive.read("training.json"))["faces"] == 315


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        ("--data {0}/nosuch.csv", "nosuch.csv: No such file"),
        ("--data {0}/faces.csv --validation PrivateTest", "--validation PrivateTest: must be"),
        ("--data {0}/faces.csv --validation 1.5", "--validation 1.5: must be between"),
        ("--data {0}/faces.csv --validation Training", "--validation Training: must be"),
        ("--data {0}/faces.csv --batch 100000", "--batch 100000: there are 287"),
        ("--data {0}/faces.csv --epochs -1", "--epochs -1: must be at least 1"),
        ("--data {0}/faces.csv --batch 0", "--batch 0: must be at least 1"),
        ("--data {0}/faces.csv --model lenet", "--model lenet: must be one of nano, small, base"),
        ("--data {0}/faces.csv --precision float16", "--precision float16: must be one of"),
        ("--data {0}/faces.csv --classes happy,bored", "--classes bored: the data has angry"),
        ("--data {0}/faces.csv --classes happy", "--classes happy: at least two"),
        ("--data {0}/faces.csv --classes happy,happy", "a class is named twice"),
        ("--data {0}/faces.csv --merge angry=", "--merge angry=: no name"),
        ("--data {0}/faces.csv --merge angry+bored=bad", "--merge angry+bored=bad: the data has no bored"),
        ("--data {0}/faces.csv --ferplus {0}/nosuch.csv", "nosuch.csv: No such file"),
        ("--data {0}/faces.csv --weights {0}/faces.csv", "cannot be read"),
        ("--data {0}/faces.csv --model vgg16 --weights {0}/nosuch.keras", "nosuch.keras: cannot be read"),
        ("--data {0}/faces.csv --folds 1", "--folds 1: must be between 2 and 45"),
        ("--data {0}/faces.csv --folds 2 --distribute auto", "--folds: its runs are made one by one"),
        ("--data {0}/faces.csv --distribute here", "--distribute here: must be HOST:PORT,COUNT,INDEX"),
        ("--data {0}/faces.csv --distribute 127.0.0.1:1,2,2", "with INDEX from 0 to COUNT-1"),
        ("--data {0}/faces.csv --distribute 127.0.0.1:1,3,0", "--batch 128: must be a multiple of the 3"),
        ("--data {0}/faces.csv --dropout 1", "--dropout 1.0: must be at least 0 and less than 1"),
        ("--data {0}/faces.csv --erase nan", "--erase nan: must be between 0 and 1"),
        ("--data {0}/faces.csv --learning-rate -1", "--learning-rate -1.0: must be at least 0"),
        ("--data {0}/faces.csv --epochs many", "--epochs: invalid"),
        ("--data {0}/faces.csv --teacher {0}/faces.csv", "faces.csv: not a model of fer-train"),
        ("--data {0}/faces.csv --out {0}/faces.csv", "faces.csv: File exists; give a folder"),
        ("--epochs 3", "fit needs --data and --out"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(data: Path, tmp_path: Path, flags: str, complaint: str) -> None:
    done = run_here("fer_train", "fit", "--out", tmp_path / "run", *flags.format(data.parent).split())
    assert_refused(done, "fer-train", complaint)
    assert not (tmp_path / "run").exists()
