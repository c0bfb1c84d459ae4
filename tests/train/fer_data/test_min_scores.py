"""Choosing minimum scores; their section of the report is tested in report/test_run_report.py."""

from __future__ import annotations

import numpy as np
import pytest

from fer_data.min_scores import MIN_FACES, choose_min_scores


def scored(correct: list[float], wrong: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of faces predicted as class 0, correctly and not, with the given scores."""
    first = np.array(correct + wrong)
    labels = np.repeat([0, 1], [len(correct), len(wrong)])
    return labels, np.stack([first, 1 - first], axis=1)


def test_the_least_score_that_reaches_the_precision_is_chosen() -> None:
    labels, probabilities = scored([0.9] * 15 + [0.7] * 5, [0.8] * 4 + [0.65] * 6)
    choice, none = choose_min_scores(labels, probabilities, 0.75)
    assert choice == (0.66, pytest.approx(20 / 24), 1.0)
    assert none is None, "class 1 is never predicted"
    assert choose_min_scores(labels, probabilities, 0.9)[0] == (0.81, 1.0, 0.75)
    assert choose_min_scores(labels, probabilities, 0.6)[0] == (0.0, pytest.approx(20 / 30), 1.0)


def test_a_precision_of_few_faces_does_not_count() -> None:
    wrong = [0.6] * 20
    assert choose_min_scores(*scored([0.9] * MIN_FACES, wrong), 0.9)[0] == (0.61, 1.0, 1.0)
    assert choose_min_scores(*scored([0.9] * (MIN_FACES - 1), wrong), 0.9)[0] is None


def test_a_face_that_is_predicted_as_another_class_does_not_count() -> None:
    labels, probabilities = scored([0.9] * 20, [0.6] * 5 + [0.3] * 20)
    assert choose_min_scores(labels, probabilities, 0.8)[0] == (0.0, 0.8, 1.0)
