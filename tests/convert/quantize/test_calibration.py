"""Ranges of activations: measured, and narrowed to where int8 has the smallest error."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers
from numpy.typing import NDArray
from tests.support.synthetic_faces import striped_faces

from fer_convert.quantize.calibration import ActivationHistogram
from fer_convert.quantize.conversion import quantize
from fer_data.tflite_graph import Graph, read_graph
from fer_edge.errors import UsageError

FACES = striped_faces(70).pixels


def best_range(values: NDArray[np.float32]) -> tuple[float, float]:
    histogram = ActivationHistogram()
    histogram.extend_range(values)
    histogram.count(values)
    return histogram.best_range()


def squared_error(values: NDArray[np.float32], low: float, high: float) -> float:
    step = (high - low) / 255
    return float(np.mean((values - (low + step * np.clip(np.round((values - low) / step), 0, 255))) ** 2))


def output_quantization(graph: Graph, operator: str) -> tuple[float, int]:
    """Scale and zero point of the output of the first operator of this type."""
    output = next(one.outputs[0] for one in graph.operators if one.name == operator)
    return float(output.scales[0]), int(output.zero_points[0])


def test_evenly_spread_values_keep_their_range() -> None:
    assert best_range(np.arange(256, dtype=np.float32)) == (0, 255)


def test_an_outlier_does_not_make_the_steps_coarse_for_all_other_values() -> None:
    values = np.append(np.random.default_rng(0).standard_normal(2_000_000), 40).astype(np.float32)
    low, high = best_range(values)
    assert high < 30
    assert squared_error(values, low, high) < squared_error(values, float(values.min()), 40) / 2


def test_the_range_of_a_constant_is_not_narrowed() -> None:
    assert best_range(np.full(10, 3, np.float32)) == (3, 3)


def test_the_input_range_is_0_to_255_even_if_no_face_is_black_or_white() -> None:
    inputs = keras.Input((48, 48, 1))
    network = keras.Model(inputs, layers.Softmax()(layers.Flatten()(layers.AveragePooling2D(24)(inputs))))
    graph = read_graph(quantize(network, (FACES // 4 + 60).astype(np.uint8)))
    assert (graph.inputs[0].dtype, float(graph.inputs[0].scales[0]), int(graph.inputs[0].zero_points[0])) == (
        "uint8",
        1.0,
        0,
    )


def test_a_tensor_that_an_addition_overwrites_in_place_has_its_own_range() -> None:
    inputs = keras.Input((48, 48, 1))
    scaled = layers.Rescaling(1 / 255)(inputs)
    small, large = (  # named, since the converter orders them by their names
        layers.Conv2D(2, 1, kernel_initializer=keras.initializers.Constant(by), name=name)(scaled)
        for name, by in (("first", 1.0), ("second", 50.0))
    )
    network = keras.Model(inputs, layers.Softmax()(layers.GlobalAveragePooling2D()(layers.Add()([small, large]))))
    scale, _ = output_quantization(read_graph(quantize(network, FACES)), "CONV_2D")
    assert scale <= 1 / 255 + 1e-6


@pytest.mark.parametrize("zero", [127.5, 128.0])
def test_pixels_are_rescaled_without_rounding_ties(zero: float) -> None:
    inputs = keras.Input((48, 48, 1))
    rescaling = layers.Rescaling(1 / 127.5, offset=-zero / 127.5, name="rescaling")
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3, padding="same")(rescaling(inputs)))
    network = keras.Model(inputs, layers.Softmax()(pooled))
    faces = FACES.copy()
    faces[0, :2] = [[0], [255]]
    scale, zero_point = output_quantization(read_graph(quantize(network, faces)), "ADD")
    assert scale == pytest.approx(1 / 127.5, rel=1e-3)
    assert zero_point == 0
    assert rescaling.offset == pytest.approx(-zero / 127.5)


def test_a_network_with_non_finite_activations_is_refused_and_the_layer_is_named() -> None:
    inputs = keras.Input((48, 48, 1))
    broken = layers.Conv2D(2, 3, kernel_initializer=keras.initializers.Constant(np.nan), name="broken")(inputs)
    network = keras.Model(inputs, layers.Softmax()(layers.GlobalAveragePooling2D()(broken)))
    with pytest.raises(UsageError, match=r"broken.* computes values that are not finite"):
        quantize(network, FACES)
