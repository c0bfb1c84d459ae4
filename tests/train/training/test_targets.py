"""Training targets."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.support.synthetic_faces import striped_faces

from fer_train.recipe import Recipe
from fer_train.training.targets import class_weights, make_targets, smooth

FACES = striped_faces(70)


def test_label_smoothing_is_spread_evenly() -> None:
    assert np.allclose(smooth(np.eye(4)[[1]], 0.2), [[0.05, 0.85, 0.05, 0.05]])


def test_votes_replace_the_labels() -> None:
    votes = np.tile(np.array([0.5, 0.5, 0, 0, 0, 0, 0], np.float32), (70, 1))
    targets = make_targets(dataclasses.replace(FACES, votes=votes), Recipe(label_smoothing=0))
    assert np.allclose(targets, votes)
    assert np.allclose(make_targets(FACES, Recipe(label_smoothing=0)), np.eye(7)[FACES.labels])


def test_hints_are_a_second_task_with_its_own_weight() -> None:
    hints = np.eye(10, dtype=np.float32)[np.arange(70) % 10]
    targets = make_targets(dataclasses.replace(FACES, hints=hints), Recipe(hints_weight=0.25))
    assert targets.shape == (70, 17)
    assert np.allclose(targets[:, :7], make_targets(FACES, Recipe()))
    assert np.allclose(targets[:, 7:], 0.25 * hints)
    assert make_targets(dataclasses.replace(FACES, hints=hints), Recipe(hints_weight=0)).shape == (70, 7)


def test_rare_classes_weigh_more_and_faces_weigh_one_on_average() -> None:
    labels = np.repeat([0, 1], [90, 10])
    assert np.allclose(class_weights(labels, 2, 0.0), 1)
    weights = class_weights(labels, 2, 1.0)
    assert weights[1] / weights[0] == pytest.approx(9)
    assert weights[labels].mean() == pytest.approx(1)
    assert class_weights(labels, 2, 0.5)[1] / class_weights(labels, 2, 0.5)[0] == pytest.approx(3)
