from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.support import patterns

from fer_train.recipe import Recipe
from fer_train.training.targets import class_weights, distill, make_targets, smooth

FACES = patterns(70)


def test_smoothing_is_spread_evenly() -> None:
    assert np.allclose(smooth(np.eye(4)[[1]], 0.2), [[0.05, 0.85, 0.05, 0.05]])


def test_votes_take_the_place_of_labels() -> None:
    votes = np.tile(np.array([0.5, 0.5, 0, 0, 0, 0, 0], np.float32), (70, 1))
    targets = make_targets(dataclasses.replace(FACES, votes=votes), Recipe(label_smoothing=0))
    assert np.allclose(targets, votes)
    assert np.allclose(make_targets(FACES, Recipe(label_smoothing=0)), np.eye(7)[FACES.labels])


def test_hints_are_a_second_task_of_their_own_weight() -> None:
    hints = np.eye(10, dtype=np.float32)[np.arange(70) % 10]
    targets = make_targets(dataclasses.replace(FACES, hints=hints), Recipe(hints_weight=0.25))
    assert targets.shape == (70, 17)
    assert np.allclose(targets[:, :7], make_targets(FACES, Recipe()))
    assert np.allclose(targets[:, 7:], 0.25 * hints)
    assert make_targets(dataclasses.replace(FACES, hints=hints), Recipe(hints_weight=0)).shape == (70, 7)


def test_a_rare_class_weighs_more_and_the_faces_weigh_one_on_average() -> None:
    labels = np.repeat([0, 1], [90, 10])
    assert np.allclose(class_weights(labels, 2, 0.0), 1)
    weights = class_weights(labels, 2, 1.0)
    assert weights[1] / weights[0] == pytest.approx(9)
    assert weights[labels].mean() == pytest.approx(1)
    assert class_weights(labels, 2, 0.5)[1] / class_weights(labels, 2, 0.5)[0] == pytest.approx(3)


def left(faces: np.ndarray, *, training: bool) -> np.ndarray:
    """A teacher that says how bright the left half is, so that face and mirror image differ."""
    assert not training
    bright = faces[:, :, :24].mean(axis=(1, 2, 3)) / 255
    return np.stack([bright, 1 - bright], axis=1)


def certain(faces: np.ndarray, *, training: bool) -> np.ndarray:
    """A teacher that always says the second class."""
    assert not training
    return np.tile(np.array([[0.0, 1.0]]), (len(faces), 1))


def test_a_teacher_is_asked_for_the_face_and_its_mirror_image() -> None:
    faces = np.zeros((1, 48, 48), np.uint8)
    faces[:, :, :24] = 255
    assert distill(np.array([[1, 0]], np.float32), faces, [left], 0.5).tolist() == [[0.75, 0.25]]


def test_of_several_teachers_the_mean_counts() -> None:
    faces = np.zeros((1, 48, 48), np.uint8)
    faces[:, :, :24] = 255
    assert distill(np.array([[1, 0]], np.float32), faces, [left, certain], 1.0).tolist() == [[0.25, 0.75]]
