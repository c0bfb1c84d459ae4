from __future__ import annotations

import cv2
import numpy as np
import pytest

from fer_edge.geometry import Box
from fer_edge.inference.crop import crop_face, sharpness

RAMP = np.add.outer(np.arange(100), np.arange(120)).astype(np.uint8)


def test_a_square_box_of_the_right_size_gives_its_own_pixels() -> None:
    assert np.array_equal(crop_face(RAMP, Box(10, 20, 48, 48), 0.0, 48), RAMP[20:68, 10:58])


def test_a_box_that_is_not_square_gives_the_square_around_its_centre() -> None:
    assert np.array_equal(crop_face(RAMP, Box(22, 20, 24, 48), 0.0, 48), RAMP[20:68, 10:58])


def test_the_margin_is_added_on_each_side() -> None:
    assert np.array_equal(crop_face(RAMP, Box(18, 28, 32, 32), 0.25, 48), RAMP[20:68, 10:58])


@pytest.mark.parametrize("side", [24, 48, 96])
def test_the_crop_is_scaled_to_the_given_side(side: int) -> None:
    crop = crop_face(RAMP, Box(10, 20, 48, 48), 0.0, side)
    assert (crop.shape, crop.dtype) == ((side, side), np.uint8)
    assert abs(float(crop.mean()) - RAMP[20:68, 10:58].mean()) < 1


@pytest.mark.parametrize("box", [Box(-10, -10, 48, 48), Box(100, 80, 48, 48), Box(0, 0, 120, 120), Box(119, 99, 9, 9)])
def test_beyond_the_edge_of_the_picture_its_last_pixels_are_repeated(box: Box) -> None:
    padded = np.pad(RAMP, 200, mode="edge")
    inside = crop_face(padded, Box(box.x + 200, box.y + 200, box.w, box.h), 0.1, 48)
    assert np.array_equal(crop_face(RAMP, box, 0.1, 48), inside)


NOISE = np.random.default_rng(0).integers(40, 90, (48, 48)).astype(np.uint8)


def test_a_blurred_crop_is_less_sharp() -> None:
    blurred = [np.asarray(cv2.GaussianBlur(NOISE, (0, 0), sigma), np.uint8) for sigma in (0.5, 1.0, 1.5)]
    values = [sharpness(crop) for crop in (NOISE, *blurred)]
    assert values == sorted(values, reverse=True)
    assert values[-1] < values[0] / 10


def test_sharpness_does_not_depend_on_brightness_or_contrast() -> None:
    assert sharpness(NOISE + 100) == pytest.approx(sharpness(NOISE))
    assert sharpness(NOISE * 2) == pytest.approx(sharpness(NOISE))


def test_a_crop_of_a_single_grey_value_has_no_sharpness() -> None:
    assert sharpness(np.full((48, 48), 128, np.uint8)) == 0
