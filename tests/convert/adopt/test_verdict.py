from __future__ import annotations

import numpy as np
import pytest

from fer_convert.adopt.verdict import Verdict

CLASSES = ("happy", "sad", "neutral")
RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 3, 300)


def verdict(predicted: np.ndarray, labels: np.ndarray = LABELS) -> Verdict:
    return Verdict.of(labels, np.eye(3, dtype=np.float32)[predicted], CLASSES)


def test_a_good_model_gives_no_warning() -> None:
    predicted = np.where(RNG.random(300) < 0.8, LABELS, RNG.integers(0, 3, 300))
    assert [*verdict(predicted).warnings()] == []
    assert verdict(LABELS).best_order == CLASSES


def test_labels_in_another_order_are_given_in_the_right_one() -> None:
    (warning,) = verdict((LABELS + 1) % 3).warnings()  # output 1 is happy, 2 is sad, 0 is neutral
    assert warning == ("the labels appear to be in another order: with --labels neutral,happy,sad 100.0 % are correct")


@pytest.mark.parametrize("predicted", [RNG.integers(0, 3, 300), np.zeros(300, int), np.full(300, 2)])
def test_a_random_and_a_constant_model_are_no_better_than_guessing(predicted: np.ndarray) -> None:
    (warning,) = verdict(predicted).warnings()
    assert warning.startswith("no better than guessing")


def test_a_weak_model_is_not_taken_for_one_with_permuted_labels() -> None:
    """Any network answers one class a little more often than others: some order of the labels always fits best."""
    predicted = np.where(RNG.random(300) < 0.2, (LABELS + 1) % 3, RNG.integers(0, 3, 300))
    (warning,) = verdict(predicted).warnings()
    assert warning.startswith("no better than guessing")


def test_few_faces_prove_nothing() -> None:
    """Of three faces, some order is right by chance."""
    assert not verdict(np.array([1, 2, 0]), np.array([0, 1, 2])).is_permuted
