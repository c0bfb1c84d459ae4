"""Changes to a graph, compared with what the unchanged graph computes."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tests.support.foreign_models import LEVELS, brightness_network, tflite

from fer_convert.adopt.graph_editor import GraphEditor
from fer_convert.quantize.scaling import Scaling
from fer_data.tflite_graph import read_graph
from fer_edge.inference.runtimes import available_runtimes, make_interpreter

UNIT = Scaling(0, 1)
each_runtime = pytest.mark.parametrize("runtime", list(available_runtimes()))
SHADES = np.arange(0, 256, 5, np.uint8)
LOGITS = {io_type: tflite(brightness_network(channels=3), io_type) for io_type in (tf.uint8, tf.int8)}


def outputs(graph: bytes, runtime: str, pictures: np.ndarray) -> np.ndarray:
    """What a graph computes for pictures [N,H,W,channels], as real values."""
    interpreter = make_interpreter(runtime, graph, 1)
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    scale, zero_point = given["quantization"]
    rows = []
    for picture in pictures:
        interpreter.set_tensor(taken["index"], picture[None])
        interpreter.invoke()
        rows.append((interpreter.get_tensor(given["index"])[0].astype(np.float64) - zero_point) * scale)
    return np.array(rows)


def flat_pictures(channels: int) -> np.ndarray:
    return np.broadcast_to(SHADES[:, None, None, None], (len(SHADES), 48, 48, channels))


def edited(graph: bytes, scaling: Scaling = UNIT) -> bytes:
    editor = GraphEditor(graph)
    editor.drop_float_ends()
    editor.take_grey(scaling)
    editor.give_probabilities(len(LEVELS))
    return editor.pack()


@each_runtime
@pytest.mark.parametrize("io_type", LOGITS)
def test_the_result_is_the_softmax_of_what_the_graph_computes(io_type: tf.DType, runtime: str) -> None:
    shift = 128 if io_type == tf.int8 else 0
    pictures = (flat_pictures(3).astype(int) - shift).astype(io_type.as_numpy_dtype)
    logits = outputs(LOGITS[io_type], runtime, pictures)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = outputs(edited(LOGITS[io_type]), runtime, flat_pictures(1))
    assert np.abs(found - expected).max() <= 1.5 / 256


@each_runtime
def test_pixels_of_another_range_than_that_of_the_input_are_converted(runtime: str) -> None:
    """A graph that was calibrated with faces of up to 0.8 clips what is brighter, and scales nothing."""
    dim = tflite(brightness_network(activation="softmax"), scaling=Scaling(0, 0.8))
    found = outputs(edited(dim), runtime, flat_pictures(1))
    exact = brightness_network(activation="softmax").predict(UNIT.apply(flat_pictures(1)), verbose=0)
    assert np.abs(found - exact).max() < 0.06


@each_runtime
def test_a_graph_that_keeps_the_contract_already_computes_the_same(runtime: str) -> None:
    sound = tflite(brightness_network(activation="softmax"))
    assert [operator.name for operator in read_graph(edited(sound)).operators] == [
        operator.name for operator in read_graph(sound).operators
    ]
    assert np.array_equal(outputs(edited(sound), runtime, flat_pictures(1)), outputs(sound, runtime, flat_pictures(1)))


def test_float_ends_leave_no_float_tensor_behind() -> None:
    graph = read_graph(edited(tflite(brightness_network(channels=3), tf.float32)))
    assert {tensor.dtype for tensor in graph.tensors} == {"int8", "uint8", "int32"}
    assert [tensor.shape for tensor in (*graph.inputs, *graph.outputs)] == [(1, 48, 48, 1), (1, 3)]
