"""Reading flatbuffers, valid and damaged."""

from __future__ import annotations

import contextlib
import random
import time
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from tests.support.graphs import NANO, altered

from fer_data.tflite_graph import Tensor, read_graph

GRAPH = NANO.graph


def test_tensors_are_those_of_the_interpreter() -> None:
    graph = read_graph(GRAPH)
    details = Interpreter(model_content=GRAPH).get_tensor_details()
    kinds = {(one["name"], tuple(one["shape"]), np.dtype(one["dtype"]).name) for one in details}
    assert {(one.name, one.shape, one.dtype) for one in graph.tensors} <= kinds
    assert [one.name for one in graph.operators][:3] == ["QUANTIZE", "MUL", "ADD"]
    assert (graph.inputs[0].shape, graph.outputs[0].shape) == ((1, 48, 48, 1), (1, 7))


def test_operators_are_in_the_order_in_which_they_run() -> None:
    graph = read_graph(GRAPH)
    names = [operator.name for operator in graph.operators]
    assert names[:4] == ["QUANTIZE", "MUL", "ADD", "CONV_2D"]
    assert names[-4:] == ["MEAN", "FULLY_CONNECTED", "SOFTMAX", "QUANTIZE"]
    computed = {id(tensor) for tensor in graph.inputs}
    for operator in graph.operators:
        needed = [tensor for tensor in operator.inputs if tensor is not None and tensor.data is None]
        assert all(id(tensor) in computed for tensor in needed)
        computed |= {id(tensor) for tensor in operator.outputs}
    assert all(id(tensor) in computed for tensor in graph.outputs)


def test_a_constant_is_dequantized() -> None:
    dense = next(one for one in read_graph(GRAPH).operators if one.name == "FULLY_CONNECTED")
    weights = dense.required_input(1)
    assert weights.shape == (7, 64)
    assert weights.dequantized() == pytest.approx(weights.data * weights.scales[0], abs=1e-6)
    with pytest.raises(ValueError, match="has no input 7"):
        dense.required_input(7)


def test_each_channel_has_its_own_scale() -> None:
    data = np.array([[1, 2], [3, 4]], np.int8)
    tensor = Tensor("w", (2, 2), "int8", np.array([0.5, 2], np.float32), np.array([1, 0]), 0, data)
    assert tensor.dequantized().tolist() == [[0, 0.5], [6, 8]]


def test_a_computed_tensor_cannot_be_dequantized() -> None:
    graph = read_graph(GRAPH)
    with pytest.raises(ValueError, match="is not a constant"):
        graph.inputs[0].dequantized()


def test_a_model_with_two_subgraphs_is_refused() -> None:
    twice = altered(GRAPH, lambda model: model.subgraphs.append(model.subgraphs[0]))
    with pytest.raises(ValueError, match="2 subgraphs, expected one"):
        read_graph(twice)


def test_an_unknown_type_or_tensor_number_is_refused() -> None:
    def unknown_type(model: Any) -> None:
        model.subgraphs[0].tensors[3].type = 99

    def output_missing(model: Any) -> None:
        model.subgraphs[0].operators[0].outputs = [-1]

    for change in (unknown_type, output_missing):
        with pytest.raises(ValueError, match="not a valid TFLite graph"):
            read_graph(altered(GRAPH, change))


def test_data_of_types_that_numpy_lacks_are_not_read() -> None:
    def change(model: Any) -> None:
        model.subgraphs[0].tensors[1].type = 17

    tensor = read_graph(altered(GRAPH, change)).tensors[1]
    assert (tensor.dtype, tensor.data) == ("int4", None)


def test_a_file_truncated_anywhere_is_a_value_error() -> None:
    for part in range(50):
        with pytest.raises(ValueError, match="not a valid TFLite graph"):
            read_graph(GRAPH[: len(GRAPH) * part // 50])


def test_corrupted_bytes_neither_hang_nor_raise_another_error() -> None:
    rng = random.Random(0)  # noqa: S311
    wrong = (b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\1\0")
    started = time.process_time()
    for number in range(1000):
        content = bytearray(GRAPH)
        place = rng.randrange(len(content) // 4) * 4
        if number % 2:
            content[place] ^= 1 << rng.randrange(8)
        else:
            content[place : place + 4] = rng.choice(wrong)
        with contextlib.suppress(ValueError):
            read_graph(bytes(content))
    assert time.process_time() - started < 60


def test_a_list_of_absurd_length_is_not_read() -> None:
    """A huge length is written over every four bytes of the tables, which are at the end of the file."""
    refused = 0
    for place in range(len(GRAPH) // 4 * 4 - 4000, len(GRAPH) // 4 * 4, 4):
        content = bytearray(GRAPH)
        content[place : place + 4] = (2**26).to_bytes(4, "little")
        try:
            read_graph(bytes(content))
        except ValueError:
            refused += 1
    assert refused > 100
