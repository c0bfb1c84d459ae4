from __future__ import annotations

import numpy as np
import pytest
from tests.support.foreign_models import LABELS, bright_faces

from fer_convert.adopt.pixel_scaling import declared_scaling, measure_scaling, parse_scaling, standardize
from fer_convert.quantize.scaling import GREY_LEVELS, Scaling
from fer_edge.errors import UsageError

FACES = bright_faces().choose(LABELS)


@pytest.mark.parametrize(
    ("text", "scaling"),
    [
        ("0..1", Scaling(0, 1)),
        ("-1..1", Scaling(-1, 1)),
        ("0..255", GREY_LEVELS),
        ("-.5...5", Scaling(-0.5, 0.5)),
        ("standardize", None),
    ],
)
def test_a_scaling_is_two_numbers_or_standardize(text: str, scaling: Scaling | None) -> None:
    assert parse_scaling(text) == scaling


@pytest.mark.parametrize("text", ["", "1", "0..", "1..0", "0..0", "a..b", "nan..1", "0..inf", "0.1", "imagenet"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"expected LOW\.\.HIGH"):
        parse_scaling(text)


def test_standardized_pixels_have_mean_0_and_deviation_1() -> None:
    pixels = standardize(FACES).apply(FACES.pixels)
    assert pixels.mean() == pytest.approx(0, abs=1e-4)
    assert pixels.std() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("low", "high", "scaling"),
    [
        (0.0, 0.97, Scaling(0, 1)),
        (-1.004, 0.996, Scaling(-1, 1)),
        (0.0, 255.0, GREY_LEVELS),
        (-2.1, 2.6, None),
        (0.0, 0.6, None),
    ],
)
def test_the_range_of_a_quantized_input_reveals_a_common_scaling(
    low: float, high: float, scaling: Scaling | None
) -> None:
    assert declared_scaling(low, high) == scaling


@pytest.mark.parametrize("trained", [Scaling(0, 1), Scaling(-1, 1), GREY_LEVELS])
def test_the_scaling_is_measured_whatever_the_order_of_the_labels(trained: Scaling) -> None:
    def classify(scaling: Scaling, pixels: np.ndarray) -> np.ndarray:
        centres = trained.apply(np.array([215, 40, 128], np.uint8))
        means = scaling.apply(pixels).mean(axis=(1, 2))
        return -np.abs(means[:, None] - centres)

    measured, line = measure_scaling(classify, FACES)
    assert measured == trained
    assert line.startswith(f"scaling {trained}, measured on 90 faces: 0..1 ")
