from __future__ import annotations

import dataclasses

import numpy as np
from tests.support import patterns

from fer_train.batches import Batches
from fer_train.recipe import Recipe
from fer_train.targets import one_hot

FACES = patterns(100)
RECIPE = Recipe(batch=16)


def batches(recipe: Recipe = RECIPE) -> Batches:
    return Batches(FACES.pixels, one_hot(FACES.labels, 7, 0.1), recipe)


def test_a_batch_is_what_the_network_takes() -> None:
    faces, targets = batches()[0]
    assert (faces.shape, faces.dtype) == ((16, 48, 48, 1), np.float32)
    assert 0 <= faces.min() < 60
    assert 200 < faces.max() <= 255
    assert (targets.shape, targets.dtype) == ((16, 7), np.float32)
    assert np.allclose(targets.sum(axis=1), 1)


def test_an_epoch_shows_each_face_once_and_drops_the_odd_rest() -> None:
    still = dataclasses.replace(RECIPE, rotate=0, zoom=0, shift=0, brightness=0, contrast=0, erase=0)
    made = batches(still)
    known = {min(face.tobytes(), face[:, ::-1].tobytes()) for face in FACES.pixels}
    shown = [face[..., 0].astype(np.uint8) for number in range(len(made)) for face in made[number][0]]
    assert len(made) == 6
    assert len(shown) == len({min(face.tobytes(), face[:, ::-1].tobytes()) for face in shown} & known) == 96


def test_each_epoch_differs_and_each_run_of_a_seed_is_the_same() -> None:
    one, other = batches(), batches()
    first = one[2][0]
    assert np.array_equal(first, other[2][0])
    one.on_epoch_end()
    assert not np.array_equal(first, one[2][0])
    assert not np.array_equal(first, batches(dataclasses.replace(RECIPE, seed=2))[2][0])


def test_a_run_that_goes_on_sees_what_it_would_have_seen() -> None:
    one = batches()
    one.on_epoch_end()
    resumed = Batches(FACES.pixels, one_hot(FACES.labels, 7, 0.1), RECIPE, epoch=1)
    assert np.array_equal(one[3][0], resumed[3][0])


def test_a_batch_does_not_depend_on_the_order_in_which_threads_ask() -> None:
    one, other = batches(), batches()
    backwards = {number: one[number][0] for number in reversed(range(6))}
    assert all(np.array_equal(other[number][0], backwards[number]) for number in range(6))


def test_smoothing_is_spread_evenly() -> None:
    assert np.allclose(one_hot(np.array([1]), 4, 0.2), [[0.05, 0.85, 0.05, 0.05]])
