from __future__ import annotations

import numpy as np
import pytest

from fer_edge.accelerator import open_engine
from fer_edge.config import parse_model
from fer_edge.graph import Tensor, read_graph
from fer_edge.modelfile import read_model

NANO = read_model(parse_model("nano"))


def test_operators_come_in_the_order_in_which_they_run() -> None:
    graph = read_graph(NANO.graph)
    names = [operator.name for operator in graph.operators]
    assert names[:4] == ["QUANTIZE", "MUL", "ADD", "CONV_2D"]
    assert names[-4:] == ["MEAN", "FULLY_CONNECTED", "SOFTMAX", "QUANTIZE"]
    made = {id(tensor) for tensor in graph.inputs}
    for operator in graph.operators:
        needed = [tensor for tensor in operator.inputs if tensor is not None and tensor.data is None]
        assert all(id(tensor) in made for tensor in needed)
        made |= {id(tensor) for tensor in operator.outputs}
    assert all(id(tensor) in made for tensor in graph.outputs)


def test_ends_are_those_that_the_interpreter_tells_of() -> None:
    graph, interpreter = read_graph(NANO.graph), open_engine(NANO).interpreter
    for tensors, details in (
        (graph.inputs, interpreter.get_input_details()),
        (graph.outputs, interpreter.get_output_details()),
    ):
        assert [(tensor.shape, tensor.dtype) for tensor in tensors] == [
            (tuple(one["shape"]), np.dtype(one["dtype"]).name) for one in details
        ]
        assert [(tensor.scales[0], tensor.zero_points[0]) for tensor in tensors] == [
            (pytest.approx(one["quantization"][0]), one["quantization"][1]) for one in details
        ]


def test_a_channel_has_its_own_scale() -> None:
    data = np.array([[1, 2], [3, 4]], np.int8)
    tensor = Tensor("w", (2, 2), "int8", np.array([0.5, 2], np.float32), np.array([1, 0]), 0, data)
    assert tensor.real().tolist() == [[0, 0.5], [6, 8]]


def test_what_is_computed_has_no_numbers_to_give() -> None:
    graph = read_graph(NANO.graph)
    with pytest.raises(ValueError, match="is no constant"):
        graph.inputs[0].real()


@pytest.mark.parametrize("content", [b"", b"TFL3", NANO.graph[:100], NANO.graph[: len(NANO.graph) // 2]])
def test_a_damaged_graph_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_graph(content)
