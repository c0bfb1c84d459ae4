from __future__ import annotations

import numpy as np
import pytest
from tests.support.scenes import read_grey

from fer_edge.detection.haar import MIN_FACE_SIZE, HaarDetector, min_face_size
from fer_edge.geometry import Box


@pytest.mark.parametrize(
    ("name", "face"),
    [
        ("astronaut.png", Box(170, 65, 110, 110)),
        ("bryan.png", Box(31, 26, 48, 48)),
        ("grace_hopper.bmp", Box(145, 100, 234, 234)),
        ("luciano.png", Box(118, 53, 168, 168)),
        ("neutral.jpeg", Box(220, 320, 558, 558)),
        ("angry.jpg", Box(109, 491, 976, 976)),
        ("happy-baby.jpeg", Box(455, 126, 305, 305)),
    ],
)
def test_the_face_of_a_portrait_is_detected_once(name: str, face: Box) -> None:
    (found,) = HaarDetector().detect(read_grey(f"faces/{name}"))
    assert found.iou(face) > 0.6


def test_a_picture_without_a_frontal_face_has_none() -> None:
    assert HaarDetector().detect(read_grey("no_face.png")) == []


def test_a_picture_smaller_than_the_smallest_face_has_none() -> None:
    assert HaarDetector().detect(np.zeros((10, 10), np.uint8)) == []


def test_a_face_smaller_than_min_face_is_not_detected() -> None:
    portrait = read_grey("faces/astronaut.png")
    assert HaarDetector(0.3).detect(portrait) == []


def test_the_smallest_face_is_a_share_of_the_height_and_large_enough_to_be_read() -> None:
    assert min_face_size(0.1, 480) == 48
    assert min_face_size(0.01, 480) == MIN_FACE_SIZE
