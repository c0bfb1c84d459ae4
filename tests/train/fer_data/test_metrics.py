"""Our curves against those of scikit-learn, and against cases counted by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import metrics

from fer_data.calibration import calibrate
from fer_data.metrics import Curves, macro_average, precision_recall, roc
from fer_data.operating_points import operating_point

CLASSES = ("happy", "sad", "angry")


def answers(count: int, classes: int, decimals: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities that lean towards them; few decimals make many ties, as an int8 output does."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    logits = rng.normal(0, 1, (count, classes)) + 1.2 * np.eye(classes)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return labels, probabilities.round(decimals).astype(np.float32)


@pytest.mark.parametrize("decimals", [1, 8])
def test_the_roc_is_that_of_scikit_learn(decimals: int) -> None:
    labels, probabilities = answers(500, 2, decimals)
    curve = roc(labels == 1, probabilities[:, 1])
    assert curve
    fpr, tpr, thresholds = metrics.roc_curve(labels == 1, probabilities[:, 1], drop_intermediate=False)
    assert curve.fpr == pytest.approx(fpr)
    assert curve.tpr == pytest.approx(tpr)
    assert curve.thresholds == pytest.approx(thresholds)
    assert curve.auc == pytest.approx(metrics.roc_auc_score(labels == 1, probabilities[:, 1]))


@pytest.mark.parametrize("decimals", [1, 8])
def test_precision_and_recall_are_those_of_scikit_learn(decimals: int) -> None:
    labels, probabilities = answers(500, 2, decimals)
    curve = precision_recall(labels == 1, probabilities[:, 1])
    assert curve
    precision, recall, _ = metrics.precision_recall_curve(labels == 1, probabilities[:, 1])
    assert curve.precision[::-1] == pytest.approx(precision)
    assert curve.recall[::-1] == pytest.approx(recall)
    expected = metrics.average_precision_score(labels == 1, probabilities[:, 1])
    assert curve.average_precision == pytest.approx(expected)


@pytest.mark.parametrize("decimals", [1, 8])
def test_each_class_against_the_rest_and_the_mean_are_those_of_scikit_learn(decimals: int) -> None:
    labels, probabilities = answers(600, 7, decimals)
    classes = tuple("abcdefg")
    numbers = Curves.of(labels, probabilities, classes).as_json()
    for index, name in enumerate(classes):
        one, score = labels == index, probabilities[:, index]
        assert numbers["auc"][name] == pytest.approx(metrics.roc_auc_score(one, score))
        assert numbers["average_precision"][name] == pytest.approx(metrics.average_precision_score(one, score))
    one_hot = np.eye(7)[labels]
    assert numbers["macro_auc"] == pytest.approx(metrics.roc_auc_score(one_hot, probabilities, average="macro"))
    expected = metrics.average_precision_score(one_hot, probabilities, average="macro")
    assert numbers["macro_average_precision"] == pytest.approx(expected)


def test_scores_that_are_all_equal_rank_nothing() -> None:
    curve = roc(np.array([True, False, True]), np.full(3, 0.5))
    assert curve
    assert (curve.fpr.tolist(), curve.tpr.tolist(), curve.auc) == ([0, 1], [0, 1], 0.5)


def test_a_class_without_faces_or_alone_has_no_curve_and_the_mean_leaves_it_out() -> None:
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [0.1, 0.8, 0.1], [0.5, 0.4, 0.1]])
    numbers = Curves.of(labels, probabilities, CLASSES).as_json()
    assert numbers["auc"] == {"happy": 0.75, "sad": 0.75, "angry": None}
    assert numbers["average_precision"]["angry"] is None
    assert numbers["macro_auc"] == 0.75
    alone = Curves.of(np.zeros(4, np.int64), probabilities, CLASSES).as_json()
    assert alone["auc"] == alone["average_precision"] == dict.fromkeys(CLASSES)
    assert alone["macro_auc"] is None


def test_no_faces_at_all_are_no_curve_and_no_crash() -> None:
    none = Curves.of(np.zeros(0, np.int64), np.zeros((0, 2), np.float32), ("closed", "open")).as_json()
    assert (none["macro_auc"], none["ece"], none["chosen_threshold"]) == (None, 0.0, None)
    assert none["thresholds"][0] == {"threshold": 0.05, "tpr": None, "fpr": None, "precision": None, "accuracy": None}


def test_the_calibration_error_is_the_one_counted_by_hand() -> None:
    # bin (0.6, 0.667]: 0.65 right, 0.63 wrong; bin (0.867, 0.933]: 0.9 right twice, 0.87 wrong; bin (0.933, 1]: 1 wrong
    top = np.array([0.65, 0.63, 0.9, 0.9, 0.87, 1.0])
    labels = np.array([0, 1, 0, 0, 1, 1])
    bins = calibrate(labels, np.stack([top, 1 - top], axis=1))
    assert bins.count.tolist() == [0] * 9 + [2, 0, 0, 0, 3, 1]
    assert bins.confidence[[9, 13, 14]] == pytest.approx([0.64, 0.89, 1.0])
    assert bins.accuracy[[9, 13, 14]] == pytest.approx([1 / 2, 2 / 3, 0.0])
    assert bins.ece == pytest.approx((2 * 0.14 + 3 * (0.89 - 2 / 3) + 1 * 1.0) / 6)


def test_a_probability_on_an_edge_belongs_to_the_bin_below() -> None:
    bins = calibrate(np.array([0, 0]), np.array([[0.5, 0.5], [0.75, 0.25]]), bins=4)
    assert bins.count.tolist() == [0, 1, 1, 0]


def test_a_threshold_is_judged_as_scikit_learn_judges_its_calls() -> None:
    labels, probabilities = answers(300, 2, 2)
    curves = Curves.of(labels, probabilities, ("closed", "open"))
    assert [point.threshold for point in curves.operating_points] == [round(0.05 * n, 2) for n in range(1, 20)]
    for point in curves.operating_points[3:16]:
        said = probabilities[:, 1].astype(np.float64) >= point.threshold
        assert point.tpr == pytest.approx(metrics.recall_score(labels, said))
        assert point.fpr == pytest.approx(1 - metrics.recall_score(labels, said, pos_label=0))
        assert point.precision == pytest.approx(metrics.precision_score(labels, said))
        assert point.accuracy == pytest.approx(metrics.accuracy_score(labels, said))


def test_the_chosen_threshold_has_the_greatest_difference_of_true_and_false_positives() -> None:
    labels, probabilities = answers(300, 2, 8)
    chosen = Curves.of(labels, probabilities, ("closed", "open")).chosen
    assert chosen
    fpr, tpr, thresholds = metrics.roc_curve(labels, probabilities[:, 1])
    assert chosen.threshold == pytest.approx(thresholds[np.argmax(tpr - fpr)])
    assert chosen.tpr - chosen.fpr == pytest.approx(max(tpr - fpr))


def test_scores_that_rank_the_wrong_way_still_give_a_finite_threshold() -> None:
    curve = roc(np.array([True, False]), np.array([0.1, 0.9]))
    assert curve
    assert (curve.auc, curve.youden) == (0.0, 0.1)


def test_a_threshold_that_no_score_reaches_has_no_precision() -> None:
    point = operating_point(np.array([True, False]), np.array([0.3, 0.2]), 0.9)
    assert point == (0.9, 0.0, 0.0, None, 0.5)


def test_only_two_classes_have_thresholds_and_all_of_it_is_plain_json() -> None:
    three = Curves.of(*answers(50, 3, 8), CLASSES).as_json()
    two = Curves.of(*answers(50, 2, 8), ("closed", "open")).as_json()
    assert "thresholds" not in three
    assert two["positive"] == "open"
    for numbers in (three, two):
        assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers


def test_a_mean_of_nothing_is_none() -> None:
    assert macro_average([None, None]) is None
    assert macro_average([0.5, None, 1.0]) == 0.75
