"""How certain it is that the most accurate model is better than the others."""

from __future__ import annotations

import numpy as np
import pytest

from fer_data.metrics import Scores
from fer_train.evaluation.comparison import Compared, Comparison, Cost, Judged
from fer_train.evaluation.recorded import Recorded
from fer_train.evaluation.winner import describe_winner, mcnemar, rank

COST = Cost(1024, 1, 1)


def judged(name: str, right: int, report: int) -> Compared:
    """A model that classifies so many of 100 faces correctly, and has so many right of 100 in its own report."""
    labels = np.zeros(100, np.int64)
    predicted = np.where(np.arange(100) < right, 0, 1)
    scores = Scores.of(labels, predicted, ("a", "b"))
    return Compared(name, 2, COST, Judged(scores, predicted == labels), Recorded("test", 100, report / 100))


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [(0, 0, 1.0), (5, 5, 1.0), (1, 0, 1.0), (10, 1, 0.01171875), (0, 6, 0.03125), (900, 1100, 8.5e-6)],
)
def test_the_p_value_is_that_of_the_exact_binomial_test(only_first: int, only_second: int, p: float) -> None:
    agreed = [True] * 50 + [False] * 50
    first = np.array([True] * only_first + [False] * only_second + agreed)
    second = np.array([False] * only_first + [True] * only_second + agreed)
    assert mcnemar(first, second) == mcnemar(second, first) == pytest.approx(p, rel=0.05)


def test_the_winner_on_the_same_faces_is_certain_by_the_test_of_mcnemar() -> None:
    ranking = rank(Comparison([judged("low", 60, 60), judged("high", 90, 90), judged("close", 88, 88)], "test"))
    assert (ranking.best.name, ranking.certain) == ("high", {"low": True, "close": False})


def test_a_limit_is_stricter_the_more_models_there_are() -> None:
    models = [judged("high", 90, 90), judged("low", 84, 84)]
    assert rank(Comparison(models, "test")).certain == {"low": True}, "p = 0.031"
    assert rank(Comparison([*models, judged("lower", 84, 84)], "test")).certain == {"low": False, "lower": False}


def test_a_difference_that_is_not_certain_is_reported_with_the_intervals_of_the_own_reports() -> None:
    assert describe_winner(Comparison([judged("high", 90, 80), judged("close", 88, 85)], "held out by all")) == [
        "high is the most accurate on 100 faces (held out by all)",
        "not certainly better than close (p = 0.5), by McNemar's test on the same faces",
        "high by its own report: 71.1 to 86.7 % (test)",
        "close by its own report: 76.7 to 90.7 % (test)",
    ]


def test_without_the_same_faces_the_winner_is_certain_if_its_interval_lies_above() -> None:
    models = [
        Compared("unknown", 2, COST),
        Compared("low", 2, COST, recorded=Recorded("validation", 400, 0.6)),
        Compared("high", 2, COST, recorded=Recorded("test", 400, 0.9)),
        Compared("few", 2, COST, recorded=Recorded("test", 12, 0.8)),
    ]
    assert describe_winner(Comparison(models, "", "they hold out different faces")) == [
        "not judged on the same faces: they hold out different faces",
        "high is the most accurate by its own report",
        "certainly better than low, by the 95 % intervals of their own reports, which are on different faces",
        "not certainly better than few, by the 95 % intervals of their own reports, which are on different faces",
        "high by its own report: 86.7 to 92.6 % (test)",
        "few by its own report: 51.7 to 93.7 % (test)",
    ]


def test_models_of_the_same_accuracy_are_reported_as_such() -> None:
    lines = describe_winner(Comparison([judged("one", 60, 60), judged("low", 20, 20), judged("two", 60, 60)], "test"))
    assert lines[0] == "one is as accurate as two on 100 faces (test); no model is more accurate"
    assert lines[2].startswith("not certainly better than two (p = 1)")
