"""What the accuracy of a model is worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from fer_data.metrics import Scores
from fer_train.report.verdict import Judgement, TrainingFacts, judge, read_training_facts

FACTS = TrainingFacts(("sad", 500), 0.5, 5000, 0.9)


def scores(*confusion: list[int]) -> Scores:
    """The scores of a confusion matrix; rows are true classes."""
    matrix = np.array(confusion)
    pairs = [pair for pair, count in np.ndenumerate(matrix) for _ in range(count)]
    labels, predicted = np.array(pairs).T
    return Scores.of(labels, predicted, ("happy", "sad", "angry")[: len(matrix)])


def test_chance_is_that_of_kappa() -> None:
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    predicted[:90] = labels[:90]
    result = Scores.of(labels, predicted, ("happy", "sad", "angry"))
    kappa = (result.accuracy - result.chance) / (1 - result.chance)
    assert kappa == pytest.approx(cohen_kappa_score(labels, predicted))


@pytest.mark.parametrize(
    ("confusion", "guessing"),
    [
        ([[17, 14], [13, 18]], True),  # 56 % of 62 faces
        ([[28, 3], [3, 28]], False),
        ([[90, 0], [10, 0]], True),  # 90 %, by always predicting the frequent class
        ([[88, 2], [4, 6]], False),  # 94 %
        ([[2, 0], [1, 1]], True),  # three of four prove nothing
        ([[1, 40], [40, 1]], True),  # worse than guessing
    ],
)
def test_a_model_is_better_than_guessing_when_chance_is_outside_the_interval(
    confusion: list[list[int]], guessing: bool
) -> None:
    (judgement,) = judge([("test", scores(*confusion))], FACTS)
    assert judgement.guessing is guessing
    assert ("no better than guessing" in judgement.worth) is guessing
    assert bool(judgement.causes) is guessing


def test_the_error_of_a_figure_is_given_in_points() -> None:
    errors = [Judgement("test", scores(*rows)).error for rows in ([[17, 14], [13, 18]], [[1500, 290], [290, 1509]])]
    assert errors == ["the figure may be 12 points off", "the figure may be 1.2 points off"]
    (row,) = Judgement("test", scores([1, 0], [0, 0])).rows()
    assert row == ("test", "100.0 % right; 1 face: the figure may be 79 points off; no better than guessing (100.0 %)")


@pytest.mark.parametrize(
    ("facts", "cause"),
    [
        ({"steps": 70, "average": 0.999}, "an average over about 1,000 steps, and it was trained for 70 only"),
        ({"steps": 70}, "trained for 70 steps only (give a smaller --batch or more --epochs)"),
        ({"steps": 70, "stopped": True}, "trained for 70 steps only (give a smaller --batch or a larger --patience)"),
        ({"accuracy": 0.97}, "has memorised its training faces (97.0 % of them right)"),
        ({"smallest": ("sad", 12)}, "only 12 training faces of sad"),
        ({}, "has not learnt its training faces either (50.0 % of them right)"),
    ],
)
def test_the_likely_cause_is_the_first_that_applies(facts: dict[str, object], cause: str) -> None:
    (judgement,) = judge([("test", scores([160, 150], [150, 160]))], replace(FACTS, **facts))
    assert cause in " ".join(judgement.causes)
    (judgement,) = judge([("test", scores([310, 0], [305, 5]))], replace(FACTS, **facts))
    assert judgement.causes[0] == "it predicts happy for 99 % of the faces"
    assert cause in judgement.causes[1]


def test_a_test_part_on_which_only_it_fails_is_of_another_kind() -> None:
    held_out, test = judge([("held out", scores([50, 2], [3, 49])), ("test", scores([160, 150], [150, 160]))], FACTS)
    assert (held_out.guessing, test.guessing) == (False, True)
    assert test.causes == ("its faces are of another kind than those held out",)
    _, few = judge([("held out", scores([50, 2], [3, 49])), ("test", scores([2, 0], [1, 1]))], FACTS)
    assert few.causes == ("there are too few faces to judge it on",)


def test_the_facts_are_those_of_the_run(trained: Path, tmp_path: Path) -> None:
    facts = read_training_facts(trained)
    assert facts is not None
    assert (facts.smallest, facts.steps, facts.average) == (("angry", 45), 5 * (315 // 32), 0.9)
    assert 0.14 < facts.accuracy < 1
    assert read_training_facts(tmp_path) is None
