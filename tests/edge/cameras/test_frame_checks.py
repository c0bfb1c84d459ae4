from __future__ import annotations

import numpy as np
import pytest
from tests.support import MEDIA

from fer_edge.cameras.frame_checks import find_flaw, is_dark
from fer_edge.cameras.pictures import read_grey

FACE = MEDIA / "faces" / "angry.jpg"


@pytest.mark.parametrize("path", sorted((MEDIA / "faces").iterdir()), ids=lambda path: path.name)
def test_a_picture_is_no_flaw(path: object) -> None:
    assert find_flaw(read_grey(path)) is None


@pytest.mark.parametrize("value", [0, 16, 128, 255])
def test_a_picture_of_one_grey_is_one(value: int) -> None:
    assert find_flaw(np.full((480, 640), value, np.uint8)) == "its pictures are of one grey"


def test_darkness_with_noise_is_none() -> None:
    night = np.random.default_rng(0).integers(14, 19, (480, 640), np.uint8)
    assert find_flaw(night) is None
    assert is_dark(night)
    assert not is_dark(read_grey(FACE))


@pytest.mark.parametrize("value", [0, 80, 128])
def test_a_jpeg_that_was_cut_short_is_half_there_whatever_its_rest_is_filled_with(value: int) -> None:
    picture = read_grey(FACE).copy()
    picture[picture.shape[0] // 2 :] = value
    picture[picture.shape[0] // 2 - 16 : picture.shape[0] // 2, 500:] = value
    assert find_flaw(picture) == "its pictures are only half there"


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_floor_that_is_black_or_glares_is_none(sign: int) -> None:
    picture = read_grey(FACE)
    ramp = np.maximum(0, 0.3 * (np.arange(len(picture)) - 300))[:, None]
    floor = np.clip(picture + sign * ramp, 0, 255).astype(np.uint8)
    assert np.ptp(floor[-len(floor) // 3 :]) == 0
    assert find_flaw(floor) is None


def test_bars_above_and_below_are_none() -> None:
    picture = read_grey(FACE).copy()
    picture[:700] = picture[-700:] = 0
    assert find_flaw(picture) is None
