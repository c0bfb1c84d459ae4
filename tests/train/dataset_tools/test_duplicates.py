"""Copies within a data set."""

from __future__ import annotations

import numpy as np
from tests.support.synthetic_faces import striped_faces

from fer_train.dataset_tools import duplicates


def test_near_copies_are_found_across_chunks_and_flat_pictures_have_none() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (3 * duplicates.CHUNK, 6, 6)).astype(np.uint8).repeat(8, 1).repeat(8, 2)
    pixels[700] = pixels[3] // 2 + 60
    pixels[[10, 600]] = 77
    assert duplicates.near_pairs(pixels).tolist() == [[3, 700]]


def test_the_number_of_pairs_is_limited_for_a_film_of_one_scene() -> None:
    still = striped_faces(1).pixels[0]
    pixels = np.clip(still + np.random.default_rng(0).integers(-3, 4, (300, 48, 48)), 0, 255).astype(np.uint8)
    pairs = duplicates.near_pairs(pixels)
    assert np.bincount(pairs[:, 0]).max() == duplicates.MAX_PARTNERS
    assert set(pairs.ravel().tolist()) == set(range(300))
