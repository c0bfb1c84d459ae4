from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.support.media import MEDIA

from fer_edge.cameras.frame_checks import find_defect, is_dark
from fer_edge.cameras.pictures import read_grey

FACE = MEDIA / "faces" / "angry.jpg"


@pytest.mark.parametrize("path", sorted((MEDIA / "faces").iterdir()), ids=lambda path: path.name)
def test_a_photograph_has_no_defect(path: Path) -> None:
    assert find_defect(read_grey(path)) is None


@pytest.mark.parametrize("value", [0, 16, 128, 255])
def test_a_uniform_image_is_defective(value: int) -> None:
    assert find_defect(np.full((480, 640), value, np.uint8)) == "the image is uniformly grey"


def test_darkness_with_noise_is_not_a_defect() -> None:
    night = np.random.default_rng(0).integers(14, 19, (480, 640), np.uint8)
    assert find_defect(night) is None
    assert is_dark(night)
    assert not is_dark(read_grey(FACE))


@pytest.mark.parametrize("value", [0, 80, 128])
def test_an_image_that_ends_in_the_middle_is_defective_whatever_the_rest_is_filled_with(value: int) -> None:
    picture = read_grey(FACE).copy()
    picture[picture.shape[0] // 2 :] = value
    picture[picture.shape[0] // 2 - 16 : picture.shape[0] // 2, 500:] = value
    assert find_defect(picture) == "only part of the image is there"


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_floor_that_fades_to_black_or_white_is_not_a_defect(sign: int) -> None:
    picture = read_grey(FACE)
    ramp = np.maximum(0, 0.3 * (np.arange(len(picture)) - 300))[:, None]
    floor = np.clip(picture + sign * ramp, 0, 255).astype(np.uint8)
    assert np.ptp(floor[-len(floor) // 3 :]) == 0
    assert find_defect(floor) is None


def test_letterbox_bars_are_not_a_defect() -> None:
    picture = read_grey(FACE).copy()
    picture[:700] = picture[-700:] = 0
    assert find_defect(picture) is None
