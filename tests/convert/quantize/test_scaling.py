from __future__ import annotations

import keras
import numpy as np
import pytest

from fer_convert.quantize.conversion import quantize
from fer_convert.quantize.scaling import GREY_LEVELS, Scaling
from fer_data.tflite_graph import read_graph

FACES = np.random.default_rng(0).integers(60, 200, (4, 48, 48)).astype(np.uint8)


@pytest.mark.parametrize("scaling", [GREY_LEVELS, Scaling(0, 1), Scaling(-1, 1), Scaling(-2.5, 2.5)])
def test_the_scaling_becomes_the_quantization_of_the_input(scaling: Scaling) -> None:
    faces = keras.Input((48, 48, 3))
    scores = keras.layers.Dense(2, activation="softmax")(keras.layers.GlobalAveragePooling2D()(faces))
    (tensor,) = read_graph(quantize(keras.Model(faces, scores), FACES, scaling)).inputs
    assert (tensor.dtype, tensor.shape) == ("uint8", (1, 48, 48, 3))
    assert tensor.scales[0] == pytest.approx(scaling.step, rel=1e-5)
    assert tensor.zero_points[0] == pytest.approx(-scaling.low / scaling.step, abs=0.51)


def test_black_and_white_become_the_ends_of_the_range() -> None:
    assert Scaling(-1, 1).apply(np.array([0, 255], np.uint8)).tolist() == pytest.approx([-1, 1])
    assert (str(GREY_LEVELS), str(Scaling(-0.5, 0.5))) == ("0..255", "-0.5..0.5")
