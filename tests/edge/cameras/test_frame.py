from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fer_edge.cameras.frame import orient, scale_for_search, search_size
from fer_edge.config.camera import CameraOptions

IMAGE = np.random.default_rng(0).integers(0, 255, (6, 8), np.uint8)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, IMAGE),
        ({"rotate": 90}, np.rot90(IMAGE, -1)),
        ({"rotate": 180}, IMAGE[::-1, ::-1]),
        ({"rotate": 270}, np.rot90(IMAGE)),
        ({"flip": "h"}, IMAGE[:, ::-1]),
        ({"flip": "v"}, IMAGE[::-1]),
        ({"rotate": 90, "flip": "h"}, np.rot90(IMAGE, -1)[:, ::-1]),
    ],
)
def test_an_image_is_rotated_then_mirrored(options: dict[str, Any], expected: Any) -> None:
    assert np.array_equal(orient(IMAGE, CameraOptions(**options)), expected)
    colours = np.dstack([IMAGE] * 3)
    assert np.array_equal(orient(colours, CameraOptions(**options)), np.dstack([expected] * 3))


def test_without_anything_to_turn_the_array_is_not_copied() -> None:
    assert orient(IMAGE, CameraOptions()) is IMAGE


def test_a_large_image_is_searched_in_a_smaller_one_and_kept_as_detail() -> None:
    large = np.full((720, 1280), 77, np.uint8)
    grey, detail = scale_for_search(large)
    assert grey.shape == (360, 640)
    assert np.all(grey == 77)
    assert detail is large


@pytest.mark.parametrize("shape", [(480, 640), (10, 10)])
def test_an_image_that_is_small_enough_is_searched_itself(shape: tuple[int, int]) -> None:
    small = np.zeros(shape, np.uint8)
    grey, detail = scale_for_search(small)
    assert grey is small
    assert detail is None


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1280, 960), (640, 480)),
        ((1280, 720), (640, 360)),
        ((1080, 1920), (360, 640)),
        ((640, 480), (640, 480)),
        ((1000, 3), (640, 2)),
        ((321, 241), (320, 240)),
    ],
)
def test_the_search_size_keeps_the_shape_and_is_even(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert search_size(size) == expected
