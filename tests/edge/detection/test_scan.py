from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.detection.pyramid import Pyramid
from fer_edge.detection.scan import MOTION_ROWS, scaled_for_motion, touched_pixels
from fer_edge.geometry import Box


@pytest.mark.parametrize("height", [50, 120, 240, 480, 720, 1080, 2736])
def test_frames_are_scaled_down_to_a_similar_number_of_rows(height: int) -> None:
    scaled = scaled_for_motion(Pyramid(np.zeros((height, 640), np.uint8)))
    assert MOTION_ROWS / 1.5 < scaled.shape[0] < MOTION_ROWS * 1.5


@pytest.mark.parametrize("shape", [(1, 1), (7, 640), (23, 23)])
def test_a_frame_of_few_rows_is_not_scaled(shape: tuple[int, int]) -> None:
    assert scaled_for_motion(Pyramid(np.zeros(shape, np.uint8))).shape == shape


def test_noise_is_averaged_out() -> None:
    noisy = np.random.default_rng(0).normal(100, 10, (480, 640)).clip(0, 255).astype(np.uint8)
    assert scaled_for_motion(Pyramid(noisy)).std() < 2


@given(
    x=st.integers(0, 600), y=st.integers(0, 440), w=st.integers(1, 40), h=st.integers(1, 40), scale=st.floats(1.0, 20.0)
)
def test_every_pixel_that_a_box_touches_is_counted_and_no_other(x: int, y: int, w: int, h: int, scale: float) -> None:
    rows, columns = touched_pixels(Box(x, y, w, h), scale)
    for pixels, start, length in ((rows, y, h), (columns, x, w)):
        # A box that ends where a pixel does may or may not touch it: 33 / 1.1 is a little less than 30.
        assert pixels.start * scale <= start + 1e-6
        assert (pixels.start + 1) * scale > start - 1e-6
        assert pixels.stop * scale >= start + length - 1e-6
        assert (pixels.stop - 1) * scale < start + length + 1e-6
