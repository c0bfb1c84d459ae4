from __future__ import annotations

import numpy as np
import pytest
from tests.support import scenes
from tests.support.scenes import Face

from fer_edge.detection.patch import PATCH_SIZE, Patch, cut_patch, is_unchanged, match_patch
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

FACE = Face("astronaut.png", 320, 240, 90)


def scene(*faces: Face) -> Pyramid:
    return Pyramid(scenes.scene(*faces))


@pytest.fixture
def patch() -> Patch:
    patch = cut_patch(scene(FACE), FACE.box)
    assert patch is not None
    return patch


def test_a_patch_is_matched_where_its_face_moved(patch: Patch) -> None:
    moved = Face(FACE.name, FACE.x + 14, FACE.y - 9, FACE.size)
    found = match_patch(scene(moved), FACE.box, patch, 0.8)
    assert found
    assert found.iou(moved.box) > 0.8


def test_a_patch_is_not_matched_where_its_face_is_not(patch: Patch) -> None:
    assert match_patch(scene(), FACE.box, patch, 0.6) is None
    assert match_patch(scene(), Box(-200, 0, 90, 90), patch, 0.6) is None


def test_noise_is_no_change_and_a_small_movement_is(patch: Patch) -> None:
    picture = scene(FACE).level(0)
    noise = np.random.default_rng(0).normal(0, 4, picture.shape)
    assert is_unchanged(Pyramid((picture + noise).clip(0, 255).astype(np.uint8)), FACE.box, patch)
    assert not is_unchanged(scene(Face(FACE.name, FACE.x + 5, FACE.y, FACE.size)), FACE.box, patch)
    assert not is_unchanged(scene(), FACE.box, patch)


def test_outside_the_picture_there_is_no_patch_and_no_face_is_unchanged(patch: Patch) -> None:
    outside = Box(900, 900, 90, 90)
    assert cut_patch(scene(FACE), outside) is None
    assert not is_unchanged(scene(FACE), outside, patch)


@pytest.mark.parametrize("box", [FACE.box, Box(-40, -40, 90, 90), Box(600, 440, 7, 7), Box(0, 0, 640, 480)])
def test_a_patch_has_the_same_size_whatever_the_box(box: Box) -> None:
    patch = cut_patch(scene(FACE), box)
    assert patch is not None
    assert (patch.shape, patch.dtype) == ((PATCH_SIZE, PATCH_SIZE), np.uint8)


def test_a_patch_is_not_matched_in_a_window_smaller_than_itself(patch: Patch) -> None:
    assert match_patch(scene(FACE), Box(-80, 240, 90, 90), patch, 0.0) is None


@pytest.mark.parametrize("grey", [0, 9, 255])
def test_a_patch_of_one_grey_matches_nothing(grey: int) -> None:
    patch = np.full((PATCH_SIZE, PATCH_SIZE), grey, np.uint8)
    assert match_patch(scene(FACE), FACE.box, patch, 0.1) is None
    assert match_patch(Pyramid(np.full((480, 640), grey, np.uint8)), FACE.box, patch, 0.1) is None
