"""The faces that models are judged on, and the figures and the page of a comparison."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.processes import run_in_process
from tests.support.refusals import assert_refused
from tests.support.synthetic_faces import striped_faces
from tests.support.training import read_metrics

from fer_data.classifiers import Classifier
from fer_data.data_source import with_labels_of_model
from fer_edge.errors import DataError
from fer_train.evaluation.comparison import choose_faces, compare
from fer_train.training.partition import partition

FACES = striped_faces(280)


def classifier(labels: tuple[str, ...], seed: int | None = None, validation: str | None = None) -> Classifier:
    """A model that always predicts its first class."""
    training = {} if seed is None else {"data": "mine", "validation": validation, "recipe": {"seed": seed}}
    return Classifier("one", labels, training, {}, 0.0, None, 48, lambda pixels: np.eye(len(labels))[[0] * len(pixels)])


def test_the_faces_are_those_of_a_test_split_that_no_model_was_validated_on() -> None:
    models = [classifier(FACES.classes), classifier(FACES.classes, 1)]
    part, names = choose_faces(models, [FACES, FACES], "mine", None)
    assert (part, len(names)) == ("PublicTest", 70)
    part, names = choose_faces(models, [FACES, FACES], "mine", "Training")
    assert (part, len(names)) == ("Training", 210)


def test_without_a_test_split_the_faces_are_those_that_all_models_held_out() -> None:
    training = FACES.split("Training")
    same = [classifier(FACES.classes, 1, "0.3"), classifier(FACES.classes, 1, "0.3"), classifier(FACES.classes)]
    part, names = choose_faces(same, [training] * 3, "mine", None)
    assert part == "held out by all"
    assert set(names) == set(partition(training, "0.3", 1).validation.names)
    others = [classifier(FACES.classes, seed, "0.05") for seed in range(6)]
    with pytest.raises(DataError, match="hold out different faces"):
        choose_faces(others, [training] * 6, "mine", None)
    part, names = choose_faces(others, [training] * 6, "another", None)
    assert (part, len(names)) == ("all of them", 210), "none of them was trained on this set"


def test_a_test_split_that_watched_a_training_is_named_with_the_flag_that_takes_it() -> None:
    models = [classifier(FACES.classes, 1, "0.3"), classifier(FACES.classes, 1, "PublicTest")]
    with pytest.raises(DataError, match=r"PublicTest was used to watch the training of one.*--split PublicTest"):
        choose_faces(models, [FACES, FACES], "mine", None)


def test_models_without_two_common_classes_have_no_faces_in_common() -> None:
    models = [classifier(("sad", "happy")), classifier(("Happy", "angry"))]
    with pytest.raises(DataError, match="no two classes that all of the models know"):
        choose_faces(models, [with_labels_of_model(model.labels, FACES) for model in models], "mine", None)


def test_models_with_other_classes_in_another_order_are_compared_in_one() -> None:
    models = [classifier(("sad", "happy")), classifier(("Happy", "angry", "SAD"))]
    faces = [with_labels_of_model(model.labels, FACES) for model in models]
    _, names = choose_faces(models, faces, "mine", None)
    (first, first_correct), (second, second_correct) = compare(models, faces, names)
    assert first.classes == second.classes == ("sad", "happy", "angry")
    assert first.support == second.support == {"sad": 10, "happy": 10, "angry": 0}
    assert (first.recall["sad"], second.recall["sad"], second.recall["happy"]) == (1, 0, 1)
    assert (first_correct ^ second_correct).all()


def test_a_comparison_is_a_table_and_a_page_that_marks_the_winner(trained: Path, data: Path, tmp_path: Path) -> None:
    done = run_in_process("fer_train", "compare", trained, "nano", "small", "--split", "PublicTest", "--out", tmp_path)
    assert done.code == 0, done.err
    rows = {line.split("  ")[0]: line.split("  ")[1:] for line in done.out.splitlines()}
    assert "run *" in done.out.splitlines()[0]
    assert [cell.strip() for cell in rows["faces (PublicTest)"] if cell] == ["105"] * 3
    assert "run is the most accurate on 105 faces (PublicTest)\ncertainly better than nano (p = " in done.out
    assert rows["own report on"][-1].strip() == "PublicTest, 3,589 faces", "of the card of small"
    content = json.loads((tmp_path / "comparison.json").read_text())
    run, nano, small = content["models"]
    assert (content["best"], run["p"], run["accuracy"] > 0.6) == ("run", None, True)
    assert run["macs"] == nano["macs"] < small["macs"], "the same network as Keras and as TFLite"
    assert run["edge_tpu_bytes"] == nano["edge_tpu_bytes"]
    assert (run["seconds"] is None, nano["seconds"]) == (False, None)
    assert (tmp_path / "comparison.html").read_text().count("data:image/png") == 4
    for name in ("accuracy.png", "recall.png", "curves_accuracy.png", "curves_loss.png"):
        assert cv2.imread(str(tmp_path / name)).std() > 10


def test_without_faces_for_all_models_their_own_reports_are_compared(trained: Path, data: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(trained, tmp_path / "run")
    (moved / "run.json").write_text((trained / "run.json").read_text().replace(str(data), str(tmp_path / "gone.csv")))
    done = run_in_process("fer_train", "compare", moved, "nano", "--out", tmp_path)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[-4] == f"not judged on the same faces: {tmp_path}/gone.csv: No such file or directory"
    assert lines[-3] == "run is the most accurate by its own report"
    assert lines[-2].startswith("certainly better than nano, by the 95 % intervals of their own reports")
    content = json.loads((tmp_path / "comparison.json").read_text())
    assert (content["part"], content["best"], content["certain"]) == ("", "run", {"nano": True})
    run, nano = (model["report"] for model in content["models"])
    assert (run["count"], run["accuracy"]) == (105, read_metrics(trained)["accuracy"])
    assert nano["interval95"][0] < nano["accuracy"] < nano["interval95"][1]
    assert (tmp_path / "comparison.html").read_text().count("data:image/png") == 3, "accuracy and two learning curves"


def test_what_cannot_be_compared_is_reported_in_one_line(data: Path, tmp_path: Path) -> None:
    done = run_in_process("fer_train", "compare", "nano", "nano", "--data", data, "--out", tmp_path)
    assert_refused(done, "fer-train", "needs at least two models")
    done = run_in_process("fer_train", "compare", "nano", "small", "--out", tmp_path)
    assert_refused(done, "fer-train", "none of the models is in the folder of a run: give --data")
    flags = ["--data", data, "--split", "nosuch", "--out", tmp_path]
    done = run_in_process("fer_train", "compare", "nano", "small", *flags)
    assert_refused(done, "fer-train", "split 'nosuch' has no faces")
    done = run_in_process("fer_train", "compare", tmp_path, "nano", "--out", tmp_path)
    assert_refused(done, "fer-train", "no model.keras in this folder")
