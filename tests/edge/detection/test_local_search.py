from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.benchmarks.sequences import Face, pasted

from fer_edge.detection.local_search import LocalSearch, follow, patch, unchanged
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

FACE = Face("astronaut.png", 320, 240, 90)
NAMES = ("astronaut.png", "luciano.png", "grace_hopper.bmp", "bryan.png", "neutral.jpeg")


def scene(*faces: Face) -> Pyramid:
    return Pyramid(pasted(np.full((480, 640), 120, np.uint8), faces))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("dx", "dy", "wider"), [(0, 0, 0), (10, -8, 0), (-12, 6, 8), (4, 10, -10)])
def test_a_known_face_that_moved_a_little_is_found_again(name: str, dx: int, dy: int, wider: int) -> None:
    face = Face(name, FACE.x + dx, FACE.y + dy, FACE.size + wider)
    found = LocalSearch().look(scene(face), FACE.box)
    assert found
    assert found.iou(face.box) > 0.6


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("turn", [0, 1, 2])
def test_a_suspected_face_is_verified_in_every_look(name: str, turn: int) -> None:
    found = LocalSearch().verify(scene(Face(name, 320, 240, 90)), FACE.box, turn)
    assert found
    assert found.iou(FACE.box) > 0.6


def test_where_no_face_is_none_is_found() -> None:
    texture = np.random.default_rng(0).integers(0, 256, (480, 640), np.uint8)
    near, pyramid = LocalSearch(), Pyramid(texture)
    assert near.verify(pyramid, FACE.box) is None
    assert near.look(pyramid, FACE.box) is None
    assert near.look(pyramid, Box(900, 900, 90, 90)) is None


def test_a_face_at_the_edge_is_looked_at_as_far_as_it_is_there() -> None:
    face = Face("luciano.png", 40, 240, 90)
    found = LocalSearch().look(scene(face), face.box)
    assert found
    assert found.iou(face.box) > 0.5


def test_a_face_is_followed_by_its_looks_when_it_moves() -> None:
    last = patch(scene(FACE), FACE.box)
    assert last is not None
    moved = Face(FACE.name, FACE.x + 14, FACE.y - 9, FACE.size)
    found = follow(scene(moved), FACE.box, last, 0.8)
    assert found
    assert found.iou(moved.box) > 0.8


def test_what_looks_otherwise_is_not_followed() -> None:
    last = patch(scene(FACE), FACE.box)
    assert last is not None
    assert follow(scene(), FACE.box, last, 0.6) is None
    assert follow(scene(), Box(-200, 0, 90, 90), last, 0.6) is None


def test_a_face_that_only_a_thorough_look_finds_is_not_found_at_a_glance() -> None:
    """Found by trying: beside the middle of the window, where only the wider one of the thorough look has it whole."""
    near, face = LocalSearch(), Face(FACE.name, FACE.x + 38, FACE.y + 14, FACE.size)
    assert near.look(scene(face), FACE.box, thorough=False) is None
    found = near.look(scene(face), FACE.box)
    assert found
    assert found.iou(face.box) > 0.6


def test_noise_is_no_change_and_a_step_aside_is_one() -> None:
    last = patch(scene(FACE), FACE.box)
    assert last is not None
    assert unchanged(noisy(scene(FACE).level(0)), FACE.box, last)
    assert not unchanged(scene(Face(FACE.name, FACE.x + 5, FACE.y, FACE.size)), FACE.box, last)
    assert not unchanged(scene(), FACE.box, last)


def noisy(picture: NDArray[np.uint8]) -> Pyramid:
    noise = np.random.default_rng(0).normal(0, 4, picture.shape)
    return Pyramid((picture + noise).clip(0, 255).astype(np.uint8))
