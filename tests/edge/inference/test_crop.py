from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support import scenes

from fer_edge.detection.contrast import ContrastStretch
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


# --- turned faces

PORTRAIT = scenes.read_grey("faces/astronaut.png")
FACE = Box(175, 65, 100, 100)


def turned(angle: float) -> NDArray[np.uint8]:
    """The portrait turned about the centre of the face by `angle`, degrees clockwise."""
    height, width = PORTRAIT.shape
    x, y = FACE.centre
    turn = cv2.getRotationMatrix2D((x - 0.5, y - 0.5), -angle, 1.0)
    picture = cv2.warpAffine(PORTRAIT, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(picture, np.uint8)


def mean_difference(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return float(np.abs(first.astype(int) - second).mean())


@pytest.mark.parametrize("side", [24, 48, 160])
@pytest.mark.parametrize("margin", [0.0, 0.2])
@pytest.mark.parametrize("angle", [-60, -20, -3, 5, 30, 45, 90, 175])
def test_the_crop_of_a_turned_picture_equals_that_of_the_upright_one(angle: int, margin: float, side: int) -> None:
    picture = turned(angle)
    upright = crop_face(PORTRAIT, FACE, margin, side)
    crop = crop_face(picture, FACE, margin, side, angle)
    assert (crop.shape, crop.dtype) == ((side, side), np.uint8)
    assert mean_difference(crop, upright) < 3
    assert mean_difference(crop_face(picture, FACE, margin, side, -angle), upright) > 8 or abs(angle) < 5


def test_a_quarter_turn_moves_every_pixel_to_its_place() -> None:
    box = Box(10, 20, 48, 48)
    assert np.array_equal(crop_face(RAMP, box, 0.0, 48, 90), np.rot90(RAMP[20:68, 10:58]))
    assert np.array_equal(crop_face(RAMP, box, 0.0, 48, -90), np.rot90(RAMP[20:68, 10:58], -1))


@pytest.mark.parametrize("box", [Box(10, 20, 48, 48), Box(-7, 80, 33, 41), Box(30, 30, 5, 5)])
@pytest.mark.parametrize("side", [24, 48, 96])
def test_a_turn_by_nearly_nothing_gives_nearly_the_upright_crop(box: Box, side: int) -> None:
    upright, almost = (crop_face(RAMP, box, 0.1, side, angle) for angle in (0.0, 1e-6))
    assert mean_difference(upright, almost) < 1.5  # the upright square begins at a whole pixel


@pytest.mark.parametrize("angle", [-30, 45])
@pytest.mark.parametrize("box", [Box(-10, -10, 48, 48), Box(100, 80, 48, 48), Box(0, 0, 120, 120), Box(119, 99, 9, 9)])
def test_beyond_the_edge_a_turned_crop_repeats_the_last_pixels(box: Box, angle: int) -> None:
    padded = np.pad(RAMP, 200, mode="edge")
    inside = crop_face(padded, Box(box.x + 200, box.y + 200, box.w, box.h), 0.1, 48, angle)
    assert np.abs(crop_face(RAMP, box, 0.1, 48, angle).astype(int) - inside).max() <= 1


@pytest.mark.parametrize("size", [0, 1, 2, 3])
@pytest.mark.parametrize("x", [-500, 0, 60, 119, 5000])
def test_a_tiny_turned_box_gives_a_crop_wherever_it_is(x: int, size: int) -> None:
    crop = crop_face(RAMP, Box(x, x, size, size), 0.0, 48, 17.5)
    assert (crop.shape, crop.dtype) == ((48, 48), np.uint8)


def test_a_box_that_is_not_square_gives_the_turned_square_around_its_centre() -> None:
    assert np.array_equal(
        crop_face(PORTRAIT, Box(100, 90, 50, 100), 0.0, 48, 20), crop_face(PORTRAIT, Box(75, 90, 100, 100), 0.0, 48, 20)
    )


# --- dark pictures


def test_the_crop_of_a_dark_picture_is_stretched_and_that_of_a_bright_one_is_not() -> None:
    for light, stretched in ((1.0, False), (0.1, True)):
        picture, contrast = (light * PORTRAIT).astype(np.uint8), ContrastStretch()
        contrast.update(picture, 0.0)
        plain, crop = (crop_face(picture, FACE, 0.0, 48, 10.0, each) for each in (None, contrast))
        assert (float(crop.max()) > 3 * float(plain.max())) == stretched
        assert np.array_equal(crop, plain) == (not stretched)
