"""Metrics against values counted by hand and by their definitions."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import metrics
from tests.support.predictions import random_predictions

from fer_data.metrics import Curves, Scores, macro_average, precision_recall, roc, wilson_interval

CLASSES = ("happy", "sad", "angry")
SCORES = Scores.of(np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 1, 0]), ("happy", "sad", "absent"))


def rates(positive: np.ndarray, scores: np.ndarray, threshold: float) -> tuple[float, float, float]:
    """False positive rate, recall and precision at a threshold, by their definitions."""
    predicted = scores >= threshold
    return predicted[~positive].mean(), predicted[positive].mean(), positive[predicted].mean()


@pytest.mark.parametrize("decimals", [1, 8])
def test_the_roc_has_the_rates_at_every_distinct_score(decimals: int) -> None:
    labels, probabilities = random_predictions(500, 2, decimals)
    positive, scores = labels == 1, probabilities[:, 1].astype(np.float64)
    curve = roc(positive, probabilities[:, 1])
    assert curve
    assert curve.thresholds.tolist() == [np.inf, *sorted(set(scores.tolist()), reverse=True)]
    expected = np.array([rates(positive, scores, threshold)[:2] for threshold in curve.thresholds[1:]])
    assert np.allclose(curve.fpr, [0, *expected[:, 0]])
    assert np.allclose(curve.tpr, [0, *expected[:, 1]])


@pytest.mark.parametrize("decimals", [1, 8])
def test_the_auc_is_the_probability_that_a_positive_scores_higher_than_a_negative(decimals: int) -> None:
    labels, probabilities = random_predictions(500, 2, decimals)
    curve = roc(labels == 1, probabilities[:, 1])
    assert curve
    difference = probabilities[labels == 1, 1][:, None] - probabilities[labels == 0, 1][None, :]
    assert curve.auc == pytest.approx((np.sign(difference) / 2 + 0.5).mean())


@pytest.mark.parametrize("decimals", [1, 8])
def test_average_precision_is_the_sum_of_the_steps_of_the_precision_recall_curve(decimals: int) -> None:
    labels, probabilities = random_predictions(500, 2, decimals)
    positive, scores = labels == 1, probabilities[:, 1].astype(np.float64)
    curve = precision_recall(positive, probabilities[:, 1])
    assert curve
    thresholds = sorted(set(scores.tolist()), reverse=True)
    _, recall, precision = np.array([rates(positive, scores, threshold) for threshold in thresholds]).T
    assert np.allclose(curve.recall, [0, *recall])
    assert np.allclose(curve.precision, [1, *precision])
    assert curve.average_precision == pytest.approx((np.diff([0, *recall]) * precision).sum())


@pytest.mark.parametrize("decimals", [1, 8])
def test_each_class_is_scored_against_the_rest(decimals: int) -> None:
    labels, probabilities = random_predictions(600, 7, decimals)
    classes = tuple("abcdefg")
    numbers = Curves.of(labels, probabilities, classes).as_json()
    one_hot = np.eye(7)[labels]
    for key, score in {"auc": metrics.roc_auc_score, "average_precision": metrics.average_precision_score}.items():
        assert list(numbers[key].values()) == pytest.approx(score(one_hot, probabilities, average=None))
        assert numbers[f"macro_{key}"] == pytest.approx(score(one_hot, probabilities, average="macro"))


def test_equal_scores_give_the_diagonal() -> None:
    curve = roc(np.array([True, False, True]), np.full(3, 0.5))
    assert curve
    assert (curve.fpr.tolist(), curve.tpr.tolist(), curve.auc) == ([0, 1], [0, 1], 0.5)


def test_a_class_without_faces_or_without_others_has_no_curve_and_is_left_out_of_the_mean() -> None:
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [0.1, 0.8, 0.1], [0.5, 0.4, 0.1]])
    numbers = Curves.of(labels, probabilities, CLASSES).as_json()
    assert numbers["auc"] == {"happy": 0.75, "sad": 0.75, "angry": None}
    assert numbers["average_precision"]["angry"] is None
    assert numbers["macro_auc"] == 0.75
    single = Curves.of(np.zeros(4, np.int64), probabilities, CLASSES).as_json()
    assert single["auc"] == single["average_precision"] == dict.fromkeys(CLASSES)
    assert single["macro_auc"] is None


def test_without_faces_there_is_no_curve() -> None:
    empty = Curves.of(np.zeros(0, np.int64), np.zeros((0, 2), np.float32), ("closed", "open")).as_json()
    assert (empty["macro_auc"], empty["ece"], empty["chosen_threshold"]) == (None, 0.0, None)
    assert empty["thresholds"][0] == {"threshold": 0.05, "tpr": None, "fpr": None, "precision": None, "accuracy": None}


def test_the_chosen_threshold_maximizes_the_difference_of_true_and_false_positive_rate() -> None:
    labels, probabilities = random_predictions(300, 2, 8)
    chosen = Curves.of(labels, probabilities, ("closed", "open")).chosen
    assert chosen
    fpr, tpr, thresholds = metrics.roc_curve(labels, probabilities[:, 1])
    assert chosen.threshold == pytest.approx(thresholds[np.argmax(tpr - fpr)])
    assert chosen.tpr - chosen.fpr == pytest.approx(max(tpr - fpr))


def test_scores_in_the_wrong_order_give_a_finite_threshold() -> None:
    curve = roc(np.array([True, False]), np.array([0.1, 0.9]))
    assert curve
    assert (curve.auc, curve.youden) == (0.0, 0.1)


def test_only_two_classes_have_thresholds_and_the_json_is_plain() -> None:
    three = Curves.of(*random_predictions(50, 3, 8), CLASSES).as_json()
    two = Curves.of(*random_predictions(50, 2, 8), ("closed", "open")).as_json()
    assert "thresholds" not in three
    assert two["positive"] == "open"
    for numbers in (three, two):
        assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers


def test_the_macro_average_ignores_none() -> None:
    assert macro_average([None, None]) is None
    assert macro_average([0.5, None, 1.0]) == 0.75


def test_the_confusion_matrix_counts_true_by_predicted_class() -> None:
    assert SCORES.confusion.tolist() == [[3, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_accuracy_recall_and_balanced_accuracy() -> None:
    assert SCORES.accuracy == pytest.approx(4 / 6)
    assert SCORES.recall == {"happy": 0.75, "sad": 0.5, "absent": None}
    assert SCORES.balanced_accuracy == pytest.approx(0.625)


def test_without_faces_the_scores_are_zero_or_none() -> None:
    empty = Scores.of(np.array([], np.int64), np.array([], np.int64), ("happy", "sad"))
    assert (empty.count, empty.accuracy, empty.balanced_accuracy) == (0, 0.0, 0.0)
    assert empty.recall == {"happy": None, "sad": None}


def test_the_interval_is_that_of_wilson() -> None:
    half = Scores.of(np.zeros(100, np.int64), np.repeat([0, 1], 50), ("a", "b"))
    assert half.interval == pytest.approx((0.4038, 0.5962), abs=1e-4)
    for count in range(1, 200):
        for share in (0.0, 1.0):
            low, high = wilson_interval(share, count)
            assert 0 <= low <= share <= high <= 1, "whatever the rounding"


def test_each_recall_has_an_interval_unless_the_class_has_no_faces() -> None:
    intervals = SCORES.recall_interval
    assert intervals["happy"] == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert intervals["sad"] == pytest.approx((0.0945, 0.9055), abs=1e-4)
    assert intervals["absent"] is None


def test_precision_recall_f1_and_support_follow_from_the_confusion_matrix() -> None:
    rng = np.random.default_rng(0)
    classes = tuple("abcd")
    scores = Scores.of(rng.integers(0, 4, 200), rng.integers(0, 4, 200), classes)
    correct, true, predicted = np.diag(scores.confusion), scores.confusion.sum(axis=1), scores.confusion.sum(axis=0)
    for index, name in enumerate(classes):
        assert scores.support[name] == true[index]
        assert scores.recall[name] == pytest.approx(correct[index] / true[index])
        assert scores.precision[name] == pytest.approx(correct[index] / predicted[index])
        assert scores.f1[name] == pytest.approx(2 * correct[index] / (true[index] + predicted[index]))
    assert scores.macro_f1 == pytest.approx((2 * correct / (true + predicted)).mean())


def test_a_class_never_predicted_has_no_precision_and_one_without_faces_no_f1() -> None:
    scores = Scores.of(np.array([0, 0, 1, 1]), np.array([0, 2, 0, 0]), ("happy", "sad", "absent"))
    assert scores.precision == {"happy": pytest.approx(1 / 3), "sad": None, "absent": 0.0}
    assert scores.f1 == {"happy": pytest.approx(0.4), "sad": 0.0, "absent": None}
    assert scores.support == {"happy": 2, "sad": 2, "absent": 0}
    assert scores.macro_f1 == pytest.approx(0.2)


def test_the_json_has_every_metric() -> None:
    expected = "faces accuracy interval95 balanced_accuracy macro_f1 recall precision f1 support classes confusion"
    assert list(SCORES.as_json()) == expected.split()
