from __future__ import annotations

import numpy as np
import pytest

from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

GREY = np.random.default_rng(0).integers(0, 256, (480, 640), np.uint8)


def test_each_level_is_the_mean_of_four_pixels_of_the_level_above() -> None:
    pyramid = Pyramid(GREY)
    assert [pyramid.level(number).shape for number in range(4)] == [(480, 640), (240, 320), (120, 160), (60, 80)]
    assert pyramid.level(1)[3, 5] == pytest.approx(GREY[6:8, 10:12].mean(), abs=0.51)


def test_an_odd_row_or_column_is_left_out() -> None:
    assert Pyramid(GREY[:271, :481]).level(1).shape == (135, 240)


def test_a_picture_too_small_to_be_halved_keeps_its_size() -> None:
    pyramid = Pyramid(GREY[:3, :1])
    assert pyramid.level(5).shape == (3, 1)


@pytest.mark.parametrize("shrink", [0.5, 1.0, 1.3, 2.0, 2.7, 5.9])
def test_a_box_of_a_window_is_mapped_to_its_place_in_the_picture(shrink: float) -> None:
    picture = np.zeros((480, 640), np.uint8)
    picture[200:260, 300:360] = 255
    window = Pyramid(picture).window(Box(251, 153, 170, 170), shrink)
    assert window
    rows, columns = np.nonzero(window.pixels > 127)
    y, x = rows.min(), columns.min()
    found = window.to_picture(x, y, columns.max() + 1 - x, rows.max() + 1 - y)
    assert found.iou(Box(300, 200, 60, 60)) > 0.75


def test_a_window_across_the_edge_is_clipped_and_one_outside_is_none() -> None:
    window = Pyramid(GREY).window(Box(-50, -50, 100, 100), 1.0)
    assert window
    assert window.pixels.shape == (50, 50)
    assert window.to_picture(0, 0, 10, 10) == Box(0, 0, 10, 10)
    assert Pyramid(GREY).window(Box(700, 10, 50, 50), 1.0) is None


@pytest.mark.parametrize("shrink", [1.0, 2.0, 3.3])
def test_masked_boxes_are_grey_and_all_else_is_unchanged(shrink: float) -> None:
    picture = np.full((480, 640), 255, np.uint8)
    window = Pyramid(picture).window(Box(100, 100, 200, 200), shrink)
    assert window
    masked = window.masked([Box(60, 150, 90, 60), Box(500, 10, 50, 50)])
    rows, columns = np.nonzero(masked != 255)
    y, x = rows.min(), columns.min()
    mask = window.to_picture(x, y, columns.max() + 1 - x, rows.max() + 1 - y)
    assert mask.iou(Box(100, 150, 50, 60)) > 0.9
    assert len(rows) == (rows.max() + 1 - y) * (columns.max() + 1 - x)
    assert (window.pixels == 255).all()
