"""Training targets."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.support.synthetic_faces import striped_faces

from fer_edge.config.model import parse_model
from fer_edge.errors import UsageError
from fer_train.recipe import Recipe
from fer_train.training.targets import class_weights, distill, load_teacher, make_targets, smooth

FACES = striped_faces(70)


def test_a_teacher_must_have_the_classes_of_the_data_in_their_order() -> None:
    assert load_teacher(parse_model("nano"), FACES).output_shape == (None, 7)
    with pytest.raises(UsageError, match=r"its classes .* are not those of the data"):
        load_teacher(parse_model("nano"), FACES.choose(("happy", "angry")))


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


def left_half(faces: np.ndarray, *, training: bool) -> np.ndarray:
    """A teacher that predicts the brightness of the left half, which differs for the mirror image."""
    assert not training
    bright = faces[:, :, :24].mean(axis=(1, 2, 3)) / 255
    return np.stack([bright, 1 - bright], axis=1)


def always_second(faces: np.ndarray, *, training: bool) -> np.ndarray:
    """A teacher that always predicts the second class."""
    assert not training
    return np.tile(np.array([[0.0, 1.0]]), (len(faces), 1))


def test_a_teacher_predicts_the_face_and_its_mirror_image() -> None:
    faces = np.zeros((1, 48, 48), np.uint8)
    faces[:, :, :24] = 255
    assert distill(np.array([[1, 0]], np.float32), faces, [left_half], 0.5).tolist() == [[0.75, 0.25]]


def test_the_mean_of_several_teachers_counts() -> None:
    faces = np.zeros((1, 48, 48), np.uint8)
    faces[:, :, :24] = 255
    assert distill(np.array([[1, 0]], np.float32), faces, [left_half, always_second], 1.0).tolist() == [[0.25, 0.75]]
