from __future__ import annotations

import numpy as np
import pytest
from tests.support import scenes
from tests.support.scenes import Face

from fer_edge.detection.local_search import LocalSearch
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

FACE = Face("astronaut.png", 320, 240, 90)
NAMES = ("astronaut.png", "luciano.png", "grace_hopper.bmp", "bryan.png", "neutral.jpeg")


def scene(*faces: Face) -> Pyramid:
    return Pyramid(scenes.scene(*faces))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("dx", "dy", "wider"), [(0, 0, 0), (10, -8, 0), (-12, 6, 8), (4, 10, -10)])
def test_a_tracked_face_that_moved_a_little_is_detected_again(name: str, dx: int, dy: int, wider: int) -> None:
    face = Face(name, FACE.x + dx, FACE.y + dy, FACE.size + wider)
    found = LocalSearch().redetect(scene(face), FACE.box)
    assert found
    assert found.iou(face.box) > 0.6


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("attempt", [0, 1, 2])
def test_a_candidate_that_is_a_face_is_verified_in_every_attempt(name: str, attempt: int) -> None:
    found = LocalSearch().verify(scene(Face(name, 320, 240, 90)), FACE.box, attempt)
    assert found
    assert found.iou(FACE.box) > 0.6


def test_nothing_is_detected_where_there_is_no_face() -> None:
    texture = np.random.default_rng(0).integers(0, 256, (480, 640), np.uint8)
    search, pyramid = LocalSearch(), Pyramid(texture)
    assert search.verify(pyramid, FACE.box) is None
    assert search.redetect(pyramid, FACE.box) is None
    assert search.redetect(pyramid, Box(900, 900, 90, 90)) is None


def test_a_face_at_the_edge_of_the_picture_is_detected() -> None:
    face = Face("luciano.png", 40, 240, 90)
    found = LocalSearch().redetect(scene(face), face.box)
    assert found
    assert found.iou(face.box) > 0.5


def test_only_the_thorough_search_detects_a_face_far_from_where_it_is_expected() -> None:
    """The position was found by trial: only the wider window of the thorough search holds the whole face."""
    search, face = LocalSearch(), Face(FACE.name, FACE.x + 38, FACE.y + 14, FACE.size)
    assert search.redetect(scene(face), FACE.box, thorough=False) is None
    found = search.redetect(scene(face), FACE.box)
    assert found
    assert found.iou(face.box) > 0.6
