from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from fer_data.metrics import Scores

SCORES = Scores.of(np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 1, 0]), ("happy", "sad", "absent"))


def test_the_confusion_matrix_counts_true_by_said() -> None:
    assert SCORES.confusion.tolist() == [[3, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_accuracy_recall_and_their_mean() -> None:
    assert SCORES.accuracy == pytest.approx(4 / 6)
    assert SCORES.recall == {"happy": 0.75, "sad": 0.5, "absent": None}
    assert SCORES.balanced_accuracy == pytest.approx(0.625)


def test_no_faces_are_no_score_but_still_a_number() -> None:
    none = Scores.of(np.array([], np.int64), np.array([], np.int64), ("happy", "sad"))
    assert (none.count, none.accuracy, none.balanced_accuracy) == (0, 0.0, 0.0)


def test_the_interval_is_wilsons() -> None:
    half = Scores.of(np.zeros(100, np.int64), np.repeat([0, 1], 50), ("a", "b"))
    assert half.interval == pytest.approx((0.4038, 0.5962), abs=1e-4)


def test_the_interval_of_each_recall_is_wilsons_unless_there_are_no_faces() -> None:
    intervals = SCORES.recall_interval
    assert intervals["happy"] == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert intervals["sad"] == pytest.approx((0.0945, 0.9055), abs=1e-4)
    assert intervals["absent"] is None


def test_precision_f1_and_support_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 4, 200), rng.integers(0, 4, 200)
    classes = tuple("abcd")
    scores = Scores.of(labels, predicted, classes)
    expected = metrics.classification_report(labels, predicted, target_names=classes, output_dict=True)
    for name in classes:
        assert scores.precision[name] == pytest.approx(expected[name]["precision"])
        assert scores.recall[name] == pytest.approx(expected[name]["recall"])
        assert scores.f1[name] == pytest.approx(expected[name]["f1-score"])
        assert scores.support[name] == expected[name]["support"]
    assert scores.macro_f1 == pytest.approx(expected["macro avg"]["f1-score"])


def test_a_name_never_said_has_no_precision_and_a_class_without_faces_no_f1() -> None:
    scores = Scores.of(np.array([0, 0, 1, 1]), np.array([0, 2, 0, 0]), ("happy", "sad", "absent"))
    assert scores.precision == {"happy": pytest.approx(1 / 3), "sad": None, "absent": 0.0}
    assert scores.f1 == {"happy": pytest.approx(0.4), "sad": 0.0, "absent": None}
    assert scores.support == {"happy": 2, "sad": 2, "absent": 0}
    assert scores.macro_f1 == pytest.approx(0.2)


def test_the_json_names_every_number() -> None:
    expected = "faces accuracy interval95 balanced_accuracy macro_f1 recall precision f1 support classes confusion"
    assert list(SCORES.as_json()) == expected.split()
