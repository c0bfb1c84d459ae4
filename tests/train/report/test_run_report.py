"""The report on a model; explanations.py and page.html are part of it."""

from __future__ import annotations

import dataclasses
import html
import re
import shlex
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest
from keras import layers
from sklearn import metrics
from tests.support.scored_faces import score_reader, scored_faces
from tests.support.training import read_metrics, write_history

from fer_convert.min_scores import parse_min_scores
from fer_data.calibration import calibrate
from fer_data.dataset import FaceSet
from fer_data.edgetpu_memory import EDGE_TPU_MEMORY
from fer_edge.inference.temperature import apply_temperature
from fer_train.prediction import probabilities
from fer_train.report.min_scores import QUANTIZE
from fer_train.report.network_cost import network_cost
from fer_train.report.run_report import write_report

PLOTS = {"confusion.png", "roc.png", "precision_recall.png", "calibration.png", "risk_coverage.png", "mistakes.png"}


def report(out: Path, faces: FaceSet, temperature: float = 1.0, **facts: Any) -> tuple[dict[str, Any], str]:
    """Write a report; return its metrics, and its page with "PNG" in place of each picture, and plain spaces."""
    (judgement,) = write_report(score_reader(len(faces.classes)), faces, out, facts, temperature=temperature)
    assert judgement.scores.count == len(faces)
    page = (out / "report.html").read_text()
    return read_metrics(out), re.sub(r"data:image/png;base64,[\w+/=]+", "PNG", page).replace("\u00a0", " ")


@pytest.mark.parametrize(("classes", "count"), [(2, 60), (7, 300), (12, 30)])
def test_a_report_has_plots_and_a_page_that_needs_no_other_file(tmp_path: Path, classes: int, count: int) -> None:
    write_history(tmp_path, [(0, 0.3, 1.8, 0.4, 1.6), (1, 0.4, 1.6, 0.5, 1.4)])
    _, page = report(tmp_path, scored_faces(count, classes), seconds=7)
    expected = PLOTS | {"curves_loss.png", "curves_accuracy.png"} | ({"threshold.png"} if classes == 2 else set())
    assert {path.name for path in tmp_path.glob("*.png")} == expected
    for name in expected:
        plot = cv2.imread(str(tmp_path / name))
        assert min(plot.shape[:2]) > 250
        assert plot.std() > 10
    assert page.count('src="PNG"') == len(expected)
    assert "refresh" not in page, "only the page of an unfinished run reloads"
    assert not re.search(r"""(src|href)=["'](?!PNG|#)|https?://|@import|url\(""", page)


def test_the_metrics_keep_their_names_and_include_the_facts(tmp_path: Path) -> None:
    two, _ = report(tmp_path, scored_faces(60, 2), seconds=7, teacher=None)
    always = """model validation faces accuracy interval95 balanced_accuracy macro_f1 recall precision f1 support
        classes confusion auc macro_auc average_precision macro_average_precision ece ece_before ece_exact at_min_score
        parameters macs edge_tpu_bytes min_score temperature seconds teacher keras backend python"""
    assert set(two) == {*always.split(), "positive", "thresholds", "chosen_threshold"}
    assert (two["model"], two["validation"], two["faces"], two["seconds"]) == ("float", ["PublicTest"], 60, 7)
    assert (two["parameters"], two["macs"]) == (4608, 4608)
    seven, _ = report(tmp_path, scored_faces(60, 7), seconds=7, teacher=None)
    assert set(seven) == set(always.split())


def test_the_metrics_are_those_of_scikit_learn(tmp_path: Path) -> None:
    faces = scored_faces(500, 7)
    numbers, _ = report(tmp_path, faces)
    predictions = probabilities(score_reader(7), faces.pixels).astype(np.float64)
    predicted = predictions.argmax(axis=1)
    expected = metrics.classification_report(faces.labels, predicted, target_names=faces.classes, output_dict=True)
    assert numbers["accuracy"] == pytest.approx(expected["accuracy"])
    assert numbers["macro_f1"] == pytest.approx(expected["macro avg"]["f1-score"])
    assert numbers["balanced_accuracy"] == pytest.approx(expected["macro avg"]["recall"])
    for key, column in {"precision": "precision", "recall": "recall", "f1": "f1-score", "support": "support"}.items():
        assert numbers[key] == pytest.approx({name: expected[name][column] for name in faces.classes})
    one_hot = np.eye(7)[faces.labels]
    for key, score in {"auc": metrics.roc_auc_score, "average_precision": metrics.average_precision_score}.items():
        assert list(numbers[key].values()) == pytest.approx(score(one_hot, predictions, average=None))
        assert numbers[f"macro_{key}"] == pytest.approx(score(one_hot, predictions, average="macro"))
    assert 0.2 < numbers["accuracy"] < 0.9, "otherwise the comparison would prove little"


def test_a_class_without_faces_has_no_figures_and_the_others_have_name(tmp_path: Path) -> None:
    numbers, page = report(tmp_path, scored_faces(40, 7, labels=np.arange(40) % 6))
    for key in ("recall", "f1", "auc", "average_precision"):
        assert numbers[key]["neutral"] is None
    assert numbers["auc"]["sad"] > 0.5
    assert "neutral (0)" in page
    assert re.search(r"<td>neutral</td><td>0</td><td>-</td>", page)


@pytest.mark.parametrize("label", [0, 1])
def test_faces_of_a_single_class_give_a_report(tmp_path: Path, label: int) -> None:
    numbers, _ = report(tmp_path, scored_faces(5, 2, labels=np.full(5, label)))
    assert (numbers["macro_auc"], numbers["chosen_threshold"]) == (None, None)
    assert (tmp_path / "threshold.png").exists()


def test_the_page_names_the_weakest_class_and_what_it_is_mistaken_for(tmp_path: Path) -> None:
    faces = scored_faces(300, 3, lean=150)
    faces.pixels[faces.labels == 1, 0, 2] = 255
    numbers, page = report(tmp_path, faces)
    assert min(numbers["recall"], key=numbers["recall"].get) == "disgust"
    assert (
        f"Weakest: disgust (recall {100 * numbers['recall']['disgust']:.1f} %, most often mistaken for fear)." in page
    )


def test_a_perfect_model_has_no_weakest_class(tmp_path: Path) -> None:
    faces = scored_faces(30, 2, lean=255)
    faces.pixels[np.arange(30), 0, 1 - faces.labels] = 0
    numbers, page = report(tmp_path, faces)
    assert numbers["accuracy"] == 1
    assert "Weakest" not in page


def test_the_page_shows_the_recipe_the_facts_and_the_cost_of_the_network(tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text('{"widths": [8, 16], "learning_rate": 0.1}')
    _, page = report(tmp_path, scored_faces(30, 2), seconds=1234)
    for name, value in {"widths": "[8, 16]", "learning_rate": "0.1", "seconds": "1234"}.items():
        assert f"<td>{name}</td><td>{value}</td>" in page
    assert "4,608 parameters" in page
    assert "an estimated 0.1 MiB, which fits" in page
    assert "<td>flatten" in page
    assert "(chosen)" in page


def test_the_minimum_scores_are_listed_with_the_commands_that_carry_them_to_the_device(tmp_path: Path) -> None:
    faces = dataclasses.replace(scored_faces(300, 3), classes=("happy, very", "sad", "fear"))
    numbers, page = report(tmp_path, faces)
    scores = numbers["min_score"]["0.9"]
    assert min(scores.values()) > 0
    lines = html.unescape(page).partition("<pre># 80 % of the predictions of a class correct\n")[2].splitlines()
    assert lines[1] == "# 90 % of the predictions of a class correct"
    *command, flag = shlex.split(lines[2])
    assert command == [*QUANTIZE, "--min-score"]
    assert flag == r"happy\, very={},sad={},fear={}".format(*scores.values())
    assert parse_min_scores(flag, faces.classes) == scores
    predictions = probabilities(score_reader(3), faces.pixels)
    predicted = predictions.argmax(axis=1)
    for label, score in enumerate(scores.values()):
        precision, lower = (
            (faces.labels == label)[(predicted == label) & (predictions[:, label] >= value)].mean()
            for value in (score, score - 0.01)
        )
        assert lower < 0.9 <= precision, "the least that reaches it"


def test_all_probabilities_are_those_at_the_temperature(tmp_path: Path) -> None:
    faces = scored_faces(300, 3)
    before, _ = report(tmp_path, faces)
    after, page = report(tmp_path, faces, temperature=2.0)
    tempered = apply_temperature(probabilities(score_reader(3), faces.pixels), 2.0)
    answered = tempered.max(axis=1) >= 0.4
    right = (tempered.argmax(axis=1) == faces.labels)[answered].mean()
    assert after["at_min_score"] == pytest.approx({"min_score": 0.4, "answered": answered.mean(), "accuracy": right})
    assert (after["temperature"], after["ece_before"]) == (2.0, before["ece"])
    assert after["ece"] == calibrate(faces.labels, tempered).ece != before["ece"]
    for name, score in after["min_score"]["0.9"].items():
        assert score < before["min_score"]["0.9"][name], "the scores to choose from are on the same scale"
    assert "ECE with temperature 2</th>" in page
    assert f"<td>PublicTest</td><td>{100 * before['ece']:.2f} %</td><td>{100 * after['ece']:.2f} %</td>" in page
    assert f"<td>0.4</td><td>{100 * answered.mean():.1f} %</td><td>{100 * right:.1f} %</td>" in page


def test_without_a_history_there_is_no_section_on_training(tmp_path: Path) -> None:
    (tmp_path / "history.csv").touch()
    _, page = report(tmp_path, scored_faces(30, 7))
    assert not list(tmp_path.glob("curves*"))
    assert "Loss by epoch" not in page


def test_class_names_are_escaped(tmp_path: Path) -> None:
    _, page = report(tmp_path, scored_faces(60, 12))
    assert "<b>" not in page
    assert "&lt;b&gt;bold" in page


def test_a_network_larger_than_the_memory_of_the_accelerator_does_not_fit(tmp_path: Path) -> None:
    inputs = keras.Input((48, 48, 1))
    x = layers.Dense(3328, activation="relu", kernel_initializer="zeros")(layers.Flatten()(inputs))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
    assert network_cost(model).edge_tpu_bytes > EDGE_TPU_MEMORY
    write_report(model, scored_faces(4, 2), tmp_path, {})
    assert "which does not fit" in (tmp_path / "report.html").read_text()
