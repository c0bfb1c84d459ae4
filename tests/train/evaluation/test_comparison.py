"""Models judged on the same faces, and the page of the comparison."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.processes import run_in_process
from tests.support.refusals import assert_refused
from tests.support.synthetic_faces import striped_faces

from fer_data.classifiers import Classifier
from fer_data.data_source import with_labels_of_model
from fer_edge.errors import DataError
from fer_train.evaluation.comparison import choose_faces, compare, mcnemar
from fer_train.training.partition import partition

FACES = striped_faces(280)


def classifier(labels: tuple[str, ...], seed: int | None = None, validation: str | None = None) -> Classifier:
    """A model that always predicts its first class."""
    training = {} if seed is None else {"validation": validation, "recipe": {"seed": seed}}
    return Classifier("one", labels, training, {}, 0.0, None, 48, lambda pixels: np.eye(len(labels))[[0] * len(pixels)])


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [(0, 0, 1.0), (5, 5, 1.0), (1, 0, 1.0), (10, 1, 0.01171875), (0, 6, 0.03125), (900, 1100, 8.5e-6)],
)
def test_the_p_value_is_that_of_the_exact_binomial_test(only_first: int, only_second: int, p: float) -> None:
    agreed = [True] * 50 + [False] * 50
    first = np.array([True] * only_first + [False] * only_second + agreed)
    second = np.array([False] * only_first + [True] * only_second + agreed)
    assert mcnemar(first, second) == mcnemar(second, first) == pytest.approx(p, rel=0.05)


def test_the_faces_are_those_of_a_test_split_that_no_model_was_validated_on() -> None:
    models = [classifier(FACES.classes), classifier(FACES.classes, 1)]
    part, names = choose_faces(models, [FACES, FACES], None)
    assert (part, len(names)) == ("PublicTest", 70)
    part, names = choose_faces(models, [FACES, FACES], "Training")
    assert (part, len(names)) == ("Training", 210)


def test_without_a_test_split_the_faces_are_those_that_all_models_held_out() -> None:
    training = FACES.split("Training")
    same = [classifier(FACES.classes, 1, "0.3"), classifier(FACES.classes, 1, "0.3"), classifier(FACES.classes)]
    part, names = choose_faces(same, [training] * 3, None)
    assert part == "held out by all"
    assert set(names) == set(partition(training, "0.3", 1).validation.names)
    others = [classifier(FACES.classes, seed, "0.05") for seed in range(6)]
    with pytest.raises(DataError, match="hold out different faces"):
        choose_faces(others, [training] * 6, None)


def test_models_with_other_classes_in_another_order_are_compared_in_one() -> None:
    models = [classifier(("sad", "happy")), classifier(("Happy", "angry", "SAD"))]
    faces = [with_labels_of_model(model.labels, FACES) for model in models]
    _, names = choose_faces(models, faces, None)
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
    assert "run is the most accurate; it is significantly better than nano (p = " in done.out
    content = json.loads((tmp_path / "comparison.json").read_text())
    run, nano, small = content["models"]
    assert (content["best"], run["p"], run["accuracy"] > 0.6) == ("run", None, True)
    assert run["macs"] == nano["macs"] < small["macs"], "the same network as Keras and as TFLite"
    assert run["edge_tpu_bytes"] == nano["edge_tpu_bytes"]
    assert (run["seconds"] is None, nano["seconds"]) == (False, None)
    assert (tmp_path / "comparison.html").read_text().count("data:image/png") == 3
    for name in ("accuracy.png", "recall.png", "curves.png"):
        assert cv2.imread(str(tmp_path / name)).std() > 10


def test_what_cannot_be_compared_is_reported_in_one_line(data: Path, tmp_path: Path) -> None:
    done = run_in_process("fer_train", "compare", "nano", "nano", "--data", data, "--out", tmp_path)
    assert_refused(done, "fer-train", "needs at least two models")
    done = run_in_process("fer_train", "compare", "nano", "small", "--out", tmp_path)
    assert_refused(done, "fer-train", "none of the models is in the folder of a run: give --data")
    flags = ["--data", data, "--split", "nosuch", "--out", tmp_path]
    done = run_in_process("fer_train", "compare", "nano", "small", *flags)
    assert_refused(done, "fer-train", "split 'nosuch' has no faces")
