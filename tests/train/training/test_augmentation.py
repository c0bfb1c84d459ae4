"""Augmentation of faces."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fer_train.recipe import AUGMENTATIONS, Recipe
from fer_train.training.augmentation import augment

UNCHANGED = Recipe(rotate=0, zoom=0, shift=0, brightness=0, contrast=0, erase=0)
FACE = np.add.outer(2 * np.arange(48), np.arange(48)).astype(np.uint8)


def augment_often(recipe: Recipe, count: int = 200) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.stack([augment(FACE, recipe, rng) for _ in range(count)])


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_only_with_augmentation_none_a_face_is_unchanged(augmentation: str) -> None:
    changed = augment_often(Recipe(**AUGMENTATIONS[augmentation]))
    unchanged = [np.array_equal(face, FACE) for face in changed]
    assert all(unchanged) if augmentation == "none" else not any(unchanged)


def test_without_other_augmentation_a_face_is_unchanged_or_mirrored() -> None:
    changed = augment_often(UNCHANGED)
    mirrored = np.array([np.array_equal(face, FACE[:, ::-1]) for face in changed])
    assert all(np.array_equal(face, FACE) for face in changed[~mirrored])
    assert 70 < mirrored.sum() < 130
    assert not any(np.array_equal(face, FACE) for face in augment_often(dataclasses.replace(UNCHANGED, mirror=1)))


def test_the_same_seed_gives_the_same_face_and_the_original_is_unchanged() -> None:
    before = FACE.copy()
    assert np.array_equal(augment_often(Recipe()), augment_often(Recipe()))
    assert np.array_equal(FACE, before)


@pytest.mark.parametrize("field", ["rotate", "zoom", "shift", "brightness", "contrast", "noise", "erase"])
def test_every_augmentation_of_the_recipe_changes_the_face(field: str) -> None:
    changed = augment_often(dataclasses.replace(UNCHANGED, **{field: getattr(Recipe(noise=0.05), field)}))
    plain = [np.array_equal(face, FACE) or np.array_equal(face, FACE[:, ::-1]) for face in changed]
    assert sum(plain) < 150
    assert changed.dtype == np.uint8
    assert changed.shape == (200, 48, 48)


def test_brightness_shifts_the_mean_both_ways_and_contrast_keeps_it() -> None:
    lit = augment_often(dataclasses.replace(UNCHANGED, brightness=0.1)).mean(axis=(1, 2))
    assert lit.min() < FACE.mean() - 15 < FACE.mean() + 15 < lit.max()
    spread = augment_often(dataclasses.replace(UNCHANGED, contrast=0.2)).mean(axis=(1, 2))
    assert np.abs(spread - FACE.mean()).max() < 1


def test_a_shift_is_limited_to_its_share_of_the_side() -> None:
    bright = np.zeros((48, 48), np.uint8)
    bright[20:28, 20:28] = 255
    rng = np.random.default_rng(0)
    moved = [augment(bright, dataclasses.replace(UNCHANGED, shift=0.1), rng) for _ in range(100)]
    centres = np.array([np.argwhere(face > 128).mean(axis=0) - 23.5 for face in moved])
    assert 3 < np.abs(centres).max() <= 0.1 * 48 + 0.6
