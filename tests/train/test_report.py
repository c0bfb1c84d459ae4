"""The report of a run: a real network that says what the faces tell it to say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest
from keras import layers
from sklearn import metrics

from fer_data.dataset import FaceSet
from fer_data.edgetpu_memory import EDGE_TPU_MEMORY
from fer_data.metrics import Scores
from fer_train.report import plots
from fer_train.report.network_cost import network_cost
from fer_train.report.run_report import write_report
from fer_train.training.batches import probabilities

NAMES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "bored", "a very long name of a class")
NAMES += ("contempt", "pain", "<b>bold</b>")
PLOTS = {"confusion.png", "roc.png", "precision_recall.png", "calibration.png", "mistakes.png"}


def faces(count: int, classes: int, lean: float = 40, labels: np.ndarray | None = None) -> FaceSet:
    """Noise, of which the first pixels of the first row are what speaker() makes the probabilities of."""
    rng = np.random.default_rng(count + classes)
    labels = rng.integers(0, classes, count) if labels is None else labels
    pixels = rng.integers(0, 256, (count, 48, 48), np.uint8)
    said = rng.uniform(0, 100, (count, classes)) + lean * np.eye(classes)[labels]
    pixels[:, 0, :classes] = said.clip(0, 255)
    names = np.arange(count).astype(str)
    return FaceSet(pixels, labels, np.full(count, "PublicTest"), NAMES[:classes], names)


def speaker(classes: int) -> keras.Model:
    """The softmax of the first pixels, each over 25."""
    inputs = keras.Input((48, 48, 1))
    head = layers.Dense(classes, activation="softmax", use_bias=False)
    model = keras.Model(inputs, head(layers.Flatten()(inputs)), name="speaker")
    head.set_weights([np.eye(48 * 48, classes, dtype=np.float32) / 25])
    return model


def report(out: Path, judged: FaceSet, **facts: Any) -> tuple[dict[str, Any], str]:
    """Write one; returns its metrics and the text of its page, without the pictures."""
    scores = write_report(speaker(len(judged.classes)), judged, out, facts)
    assert isinstance(scores, Scores)
    page = (out / "report.html").read_text()
    return json.loads((out / "metrics.json").read_text()), re.sub(r"data:image/png;base64,[\w+/=]+", "PNG", page)


def write_history(
    out: Path, rows: list[tuple[float, ...]], head: str = "epoch,accuracy,loss,val_accuracy,val_loss"
) -> None:
    (out / "history.csv").write_text(
        "".join(f"{line}\n" for line in [head, *(",".join(map(str, row)) for row in rows)])
    )


@pytest.mark.parametrize(("classes", "count"), [(2, 60), (7, 300), (12, 30)])
def test_it_writes_numbers_plots_and_a_page_that_needs_no_other_file(tmp_path: Path, classes: int, count: int) -> None:
    write_history(tmp_path, [(0, 0.3, 1.8, 0.4, 1.6), (1, 0.4, 1.6, 0.5, 1.4)])
    _, page = report(tmp_path, faces(count, classes), seconds=7)
    expected = PLOTS | {"curves.png"} | ({"threshold.png"} if classes == 2 else set())
    assert {path.name for path in tmp_path.glob("*.png")} == expected
    for name in expected:
        plot = cv2.imread(str(tmp_path / name))
        assert min(plot.shape[:2]) > 250
        assert plot.std() > 10
    assert page.count('src="PNG"') == len(expected)
    assert not re.search(r"""(src|href)=["'](?!PNG|#)|https?://|@import|url\(""", page)


def test_the_metrics_keep_their_names_and_take_the_facts_along(tmp_path: Path) -> None:
    two, _ = report(tmp_path, faces(60, 2), seconds=7, teacher=None)
    always = """model validation faces accuracy interval95 balanced_accuracy macro_f1 recall precision f1 support
        classes confusion auc macro_auc average_precision macro_average_precision ece parameters macs edge_tpu_bytes
        seconds teacher keras backend python"""
    assert set(two) == {*always.split(), "positive", "thresholds", "chosen_threshold"}
    assert (two["model"], two["validation"], two["faces"], two["seconds"]) == ("float", ["PublicTest"], 60, 7)
    assert (two["parameters"], two["macs"]) == (4608, 4608)
    seven, _ = report(tmp_path, faces(60, 7), seconds=7, teacher=None)
    assert set(seven) == set(always.split())


def test_the_numbers_are_those_of_scikit_learn(tmp_path: Path) -> None:
    judged = faces(500, 7)
    numbers, _ = report(tmp_path, judged)
    answers = probabilities(speaker(7), judged.pixels).astype(np.float64)
    said = answers.argmax(axis=1)
    expected = metrics.classification_report(judged.labels, said, target_names=judged.classes, output_dict=True)
    assert numbers["accuracy"] == pytest.approx(expected["accuracy"])
    assert numbers["macro_f1"] == pytest.approx(expected["macro avg"]["f1-score"])
    assert numbers["balanced_accuracy"] == pytest.approx(expected["macro avg"]["recall"])
    for key, theirs in {"precision": "precision", "recall": "recall", "f1": "f1-score", "support": "support"}.items():
        assert numbers[key] == pytest.approx({name: expected[name][theirs] for name in judged.classes})
    one_hot = np.eye(7)[judged.labels]
    for key, score in {"auc": metrics.roc_auc_score, "average_precision": metrics.average_precision_score}.items():
        assert list(numbers[key].values()) == pytest.approx(score(one_hot, answers, average=None))
        assert numbers[f"macro_{key}"] == pytest.approx(score(one_hot, answers, average="macro"))
    assert 0.2 < numbers["accuracy"] < 0.9, "neither hopeless nor perfect, or the rest says nothing"


def test_a_class_without_faces_has_no_numbers_and_does_not_stop_the_others(tmp_path: Path) -> None:
    numbers, page = report(tmp_path, faces(40, 7, labels=np.arange(40) % 6))
    for key in ("recall", "f1", "auc", "average_precision"):
        assert numbers[key]["neutral"] is None
    assert numbers["auc"]["sad"] > 0.5
    assert "neutral (0)" in page
    assert re.search(r"<td>neutral</td><td>0</td><td>-</td>", page)


@pytest.mark.parametrize("label", [0, 1])
def test_faces_of_one_class_alone_are_still_a_report(tmp_path: Path, label: int) -> None:
    numbers, _ = report(tmp_path, faces(5, 2, labels=np.full(5, label)))
    assert (numbers["macro_auc"], numbers["chosen_threshold"]) == (None, None)
    assert (tmp_path / "threshold.png").exists()


def test_the_page_names_the_weakest_class_and_what_it_is_taken_for(tmp_path: Path) -> None:
    judged = faces(300, 3, lean=150)
    judged.pixels[judged.labels == 1, 0, 2] = 255
    numbers, page = report(tmp_path, judged)
    assert min(numbers["recall"], key=numbers["recall"].get) == "disgust"
    assert (
        f"Weakest: disgust (recall {100 * numbers['recall']['disgust']:.1f} %, most often mistaken for fear)." in page
    )


def test_the_page_shows_recipe_facts_and_what_the_network_costs(tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text('{"widths": [8, 16], "learning_rate": 0.1}')
    _, page = report(tmp_path, faces(30, 2), seconds=1234)
    for name, value in {"widths": "[8, 16]", "learning_rate": "0.1", "seconds": "1234"}.items():
        assert f"<td>{name}</td><td>{value}</td>" in page
    assert "4,608 parameters" in page
    assert "an estimated 0.1 MiB, which fits" in page
    assert "<td>flatten" in page
    assert "(chosen)" in page


def test_no_history_is_no_section_of_it_be_it_missing_or_empty(tmp_path: Path) -> None:
    (tmp_path / "history.csv").touch()
    _, page = report(tmp_path, faces(30, 7))
    assert not (tmp_path / "curves.png").exists()
    assert "Loss and accuracy" not in page


def test_names_cannot_break_the_page(tmp_path: Path) -> None:
    _, page = report(tmp_path, faces(60, 12))
    assert "<b>" not in page
    assert "&lt;b&gt;bold" in page


def test_the_learning_rate_has_a_panel_where_it_was_noted(tmp_path: Path) -> None:
    row = (0.3, 1.8, 0.4, 1.6)
    write_history(tmp_path, [(0, *row)])
    assert [axes.get_title() for axes in plots.history(tmp_path / "history.csv").axes] == ["Loss", "Accuracy"]
    head = "epoch,accuracy,loss,val_accuracy,val_loss,learning_rate"
    write_history(tmp_path, [(0, *row, 0.1), (1, *row, 0.05)], head)
    rate = plots.history(tmp_path / "history.csv").axes[2]
    assert rate.get_title() == "Learning rate"
    assert [list(line.get_ydata()) for line in rate.get_lines()] == [[0.1, 0.05]]


def test_an_epoch_that_was_done_twice_counts_as_the_last_time(tmp_path: Path) -> None:
    write_history(tmp_path, [(0, 0.1, 3, 0.1, 3), (1, 0.2, 2, 0.2, 2), (1, 0.3, 1, 0.3, 1)])
    training = plots.history(tmp_path / "history.csv").axes[0].get_lines()[0]
    assert (list(training.get_xdata()), list(training.get_ydata())) == ([1, 2], [3, 1])


def test_the_most_confident_mistakes_come_first_and_no_more_than_24() -> None:
    judged = faces(200, 3, lean=0)
    answers = np.full((200, 3), 0.1, np.float32)
    said = (judged.labels + 1) % 3
    answers[np.arange(200), said] = np.linspace(0.5, 0.97, 200)
    titles = [axes.get_title() for axes in plots.mistakes(judged, answers).axes]
    true, answer = judged.classes[judged.labels[-1]], judged.classes[said[-1]]
    assert len(titles) == 24
    assert titles[0] == f"{true} →\n{answer} 97 %"
    shares = [int(title.split()[-2]) for title in titles]
    assert shares == sorted(shares, reverse=True)


def test_no_mistakes_are_said_to_be_none(tmp_path: Path) -> None:
    judged = faces(30, 2, lean=255)
    figure = plots.mistakes(judged, np.eye(2, dtype=np.float32)[judged.labels])
    assert figure.get_suptitle() == "no mistake in 30 faces"
    judged.pixels[np.arange(30), 0, 1 - judged.labels] = 0
    numbers, page = report(tmp_path, judged)
    assert numbers["accuracy"] == 1
    assert "Weakest" not in page


def test_multiplications_and_memory_are_those_counted_by_hand() -> None:
    inputs = keras.Input((48, 48, 1))
    x = layers.Conv2D(24, 3, strides=2, padding="same", use_bias=False, name="conv")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = layers.SeparableConv2D(80, 5, strides=2, padding="same", name="separable")(x)
    x = layers.Dense(7, name="dense")(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, x)
    summary = network_cost(model)
    cost = {layer.name: layer for layer in summary.layers}
    assert (cost["conv"].output, cost["conv"].kind, cost["conv"].parameters) == ((None, 24, 24, 24), "Conv2D", 216)
    assert cost["conv"].macs == 24 * 24 * 9 * 24
    assert cost["conv"].edge_tpu_bytes == 64 * 9 * 16 + 12 * 64
    assert (cost["norm"].parameters, cost["norm"].macs, cost["norm"].edge_tpu_bytes) == (96, 0, 0)
    assert cost["depthwise"].macs == 24 * 24 * 9 * 24
    assert cost["depthwise"].edge_tpu_bytes == 64 * 9 + 12 * 64
    assert cost["separable"].macs == 12 * 12 * (25 * 24 + 24 * 80)
    assert cost["separable"].edge_tpu_bytes == (64 * 25 + 12 * 64) + (128 * 32 + 12 * 128)
    assert (cost["dense"].macs, cost["dense"].edge_tpu_bytes) == (560, 64 * 80 + 12 * 64)
    assert summary.macs == sum(layer.macs for layer in cost.values())
    assert summary.parameters == model.count_params() == sum(layer.parameters for layer in cost.values())


def test_a_network_used_as_a_layer_costs_what_its_layers_cost() -> None:
    backbone = keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, include_top=False, pooling="avg")
    inputs = keras.Input((96, 96, 3))
    model = keras.Model(inputs, layers.Dense(7)(keras.Sequential([backbone])(inputs)))
    inner, outer = network_cost(backbone), network_cost(model)
    assert outer.macs == inner.macs + 1280 * 7
    assert outer.edge_tpu_bytes == inner.edge_tpu_bytes + 64 * 1280 + 12 * 64
    assert outer.parameters == model.count_params()
    assert inner.macs == pytest.approx(11e6, rel=0.05), "Sandler et al., arXiv:1801.04381, count 11 M"


def test_a_network_beyond_the_memory_of_the_accelerator_is_said_not_to_fit(tmp_path: Path) -> None:
    inputs = keras.Input((48, 48, 1))
    x = layers.Dense(3328, activation="relu", kernel_initializer="zeros")(layers.Flatten()(inputs))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
    assert network_cost(model).edge_tpu_bytes > EDGE_TPU_MEMORY
    write_report(model, faces(4, 2), tmp_path, {})
    assert "which does not fit" in (tmp_path / "report.html").read_text()
