"""Batches of augmented faces."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
from tests.support.synthetic_faces import striped_faces

from fer_train.recipe import Recipe
from fer_train.training.batches import Batches
from fer_train.training.targets import make_targets

FACES = striped_faces(100)
RECIPE = Recipe(batch=16, epochs=2)
TARGETS = make_targets(FACES, RECIPE)


def make_batches(recipe: Recipe = RECIPE) -> Batches:
    return Batches(FACES.pixels, TARGETS, recipe)


def test_a_batch_has_the_shape_and_range_that_the_network_expects() -> None:
    faces, targets = make_batches()[0]
    assert (faces.shape, faces.dtype) == ((16, 48, 48, 1), np.float32)
    assert 0 <= faces.min() < 60
    assert 200 < faces.max() <= 255
    assert (targets.shape, targets.dtype) == ((16, 7), np.float32)
    assert np.allclose(targets.sum(axis=1), 1)


def test_an_epoch_contains_each_face_and_fills_up_the_last_batch() -> None:
    unaugmented = dataclasses.replace(RECIPE, rotate=0, zoom=0, shift=0, brightness=0, contrast=0, erase=0)
    unchanged = make_batches(unaugmented)
    assert (unchanged.steps, len(unchanged)) == (7, 14)
    assert unchanged[6][0].shape == unchanged[0][0].shape, "batch normalisation and compilation want one size"
    for epoch in range(2):
        faces = [face[..., 0].astype(np.uint8) for number in range(7) for face in unchanged[7 * epoch + number][0]]
        counts = Counter(min(face.tobytes(), face[:, ::-1].tobytes()) for face in faces)
        assert counts.keys() == {min(face.tobytes(), face[:, ::-1].tobytes()) for face in FACES.pixels}
        assert sorted(counts.values()) == [1] * 88 + [2] * 12


def test_a_batch_may_be_larger_than_the_set() -> None:
    few = Batches(FACES.pixels[:5], TARGETS[:5], RECIPE)
    assert (few.steps, few[0][0].shape) == (1, (16, 48, 48, 1))
    assert {tuple(target) for target in few[0][1]} == {tuple(target) for target in TARGETS[:5]}


def test_epochs_differ_and_runs_with_one_seed_are_equal() -> None:
    one = make_batches()
    assert np.array_equal(one[2][0], make_batches()[2][0])
    assert not np.array_equal(one[2][0], one[9][0])
    assert not np.array_equal(one[2][0], make_batches(dataclasses.replace(RECIPE, seed=2))[2][0])


def test_a_resumed_run_gets_the_batches_of_an_uninterrupted_one() -> None:
    resumed = Batches(FACES.pixels, TARGETS, RECIPE, first_epoch=1)
    assert len(resumed) == 7
    assert np.array_equal(make_batches()[7 + 3][0], resumed[3][0])


def test_a_batch_does_not_depend_on_the_order_of_requests() -> None:
    one, other = make_batches(), make_batches()
    backwards = {number: one[number][0] for number in reversed(range(14))}
    assert all(np.array_equal(other[number][0], backwards[number]) for number in range(14))


def test_the_shares_of_several_processes_form_the_batch_of_one() -> None:
    recipe = dataclasses.replace(RECIPE, mixup=0.3)
    shares = [Batches(FACES.pixels, TARGETS, recipe, share=(index, 4)) for index in range(4)]
    for number in range(7):
        faces, targets = make_batches(recipe)[number]
        assert np.array_equal(faces, np.concatenate([share[number][0] for share in shares]))
        assert np.array_equal(targets, np.concatenate([share[number][1] for share in shares]))


def test_mixup_mixes_faces_and_targets_with_the_same_share() -> None:
    pixels = np.repeat(np.array([0, 200], np.uint8), 50)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    unaugmented = dataclasses.replace(RECIPE, mixup=1.0, rotate=0, zoom=0, shift=0, brightness=0, contrast=0, erase=0)
    mixed = Batches(pixels, np.repeat(np.eye(2, dtype=np.float32), 50, axis=0), unaugmented)
    faces, targets = (np.concatenate(part) for part in zip(*(mixed[number] for number in range(7)), strict=True))
    assert np.allclose(faces[:, 0, 0, 0] / 200, targets[:, 1], atol=1e-6)
    assert ((targets[:, 1] > 0.01) & (targets[:, 1] < 0.99)).sum() > 20
    assert np.allclose(mixed.faces(0) % 200, 0), "statistics are estimated on faces without mixup"
