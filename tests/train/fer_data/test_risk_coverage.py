from __future__ import annotations

import numpy as np
import pytest

from fer_data.risk_coverage import RiskCoverage

LABELS = np.array([0, 0, 1, 1, 0])
PROBABILITIES = np.array([[0.9, 0.1], [0.8, 0.2], [0.8, 0.2], [0.4, 0.6], [0.45, 0.55]], np.float32)


def test_the_answers_at_a_minimum_score_are_counted() -> None:
    rng = np.random.default_rng(0)
    labels, probabilities = rng.integers(0, 7, 400), np.round(rng.dirichlet(np.ones(7), 400) * 20) / 20  # with ties
    curve = RiskCoverage.of(labels, probabilities)
    for min_score in (0.0, 0.3, 0.4, 0.65):
        answered = probabilities.max(axis=1) >= min_score
        right = (probabilities.argmax(axis=1) == labels)[answered].mean()
        assert curve.at(min_score) == pytest.approx((min_score, answered.mean(), right))


def test_faces_with_the_same_score_are_answered_together() -> None:
    curve = RiskCoverage.of(LABELS, PROBABILITIES)
    assert curve.scores == pytest.approx([0.9, 0.8, 0.6, 0.55])
    assert curve.answered == pytest.approx([0.2, 0.6, 0.8, 1])
    assert curve.accuracy == pytest.approx([1, 2 / 3, 3 / 4, 3 / 5])


def test_a_score_that_no_face_reaches_gives_no_answer() -> None:
    assert RiskCoverage.of(LABELS, PROBABILITIES).at(0.95) == (0.95, 0.0, None)
    nothing = RiskCoverage.of(LABELS[:0], PROBABILITIES[:0])
    assert nothing.at(0.4) == (0.4, 0.0, None)
    assert len(nothing.scores) == 0
