"""The limits of each operator that the Edge TPU supports."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fer_convert.check.operators import unsupported_reason
from fer_data.tflite_graph import Operator, Tensor


def tensor(*shape: int, data: Any = None, dtype: str = "int8") -> Tensor:
    content = None if data is None else np.asarray(data, dtype).reshape(shape)
    return Tensor("t", shape, dtype, np.ones(1, np.float32), np.zeros(1, np.int64), 0, content)


def constant(*values: int, dtype: str = "int32") -> Tensor:
    return tensor(len(values), data=values, dtype=dtype)


MAP, ROW = tensor(1, 12, 12, 8), tensor(1, 8)


KERNEL = tensor(8, 3, 3, 8, data=np.zeros(576))


PADDING = tensor(4, 2, data=[1, 0, 0, 0, 0, 0, 0, 0], dtype="int32")


PADDED = tensor(4, 2, data=[0, 0, 1, 1, 1, 1, 0, 0], dtype="int32")


SLICE = [MAP, constant(0, 0, 0, 0), constant(1, 6, 6, 8)]


EVERY = SimpleNamespace(ellipsisMask=0, newAxisMask=0)


@pytest.mark.parametrize(
    ("name", "inputs", "options", "reason"),
    [
        ("CONV_2D", [MAP, KERNEL], None, None),
        ("CONV_2D", [MAP, tensor(1, 3, 3, 8)], None, "weights are computed"),
        ("CONV_2D", [MAP, KERNEL], {"dilationWFactor": 2, "dilationHFactor": 1}, "dilation differs"),
        ("FULLY_CONNECTED", [ROW, tensor(8, 8)], None, "weights are computed"),
        ("FULLY_CONNECTED", [ROW, tensor(8, 8, data=np.zeros(64))], {"weightsFormat": 1}, "shuffled"),
        ("ADD", [MAP, MAP], None, None),
        ("ADD", [MAP, tensor(1, 1, 1, 8)], None, "not established"),
        ("MUL", [MAP, tensor(1, data=[3])], None, None),
        ("MAX_POOL_2D", [MAP], {"fusedActivationFunction": 1}, "fused activation"),
        ("MEAN", [MAP, constant(1, 2)], None, None),
        ("MEAN", [MAP, constant(0, 1)], None, "reduces over the batch"),
        ("MEAN", [MAP, constant(-4)], None, "reduces over the batch"),
        ("SUM", [tensor(1, 12, 12, 6), constant(3)], None, "6 channels"),
        ("MEAN", [MAP, tensor(2, dtype="int32")], None, "is int32"),
        ("CONCATENATION", [MAP, MAP, MAP], None, None),
        ("CONCATENATION", [ROW, tensor(1, 8, data=[0] * 8)], None, None),
        ("CONCATENATION", [ROW, tensor(1, 8, data=[1] * 8)], None, "constant that is not zero"),
        ("PAD", [MAP, PADDED], None, None),
        ("PAD", [MAP, PADDING], None, "pads the batch"),
        ("PRELU", [MAP, tensor(1, 1, 8, data=[1] * 8)], None, None),
        ("PRELU", [MAP, tensor(12, 1, 8, data=[1] * 96)], None, "share the other axes"),
        ("SOFTMAX", [ROW], None, None),
        ("SOFTMAX", [tensor(4, 8)], None, "supported is one dimension"),
        ("SOFTMAX", [tensor(1, 16_001)], None, "16000"),
        ("STRIDED_SLICE", [*SLICE, constant(1, 1, 1, 1)], EVERY, None),
        ("STRIDED_SLICE", [*SLICE, constant(1, 2, 2, 1)], EVERY, "strides are not all 1"),
        ("SPLIT", [constant(3), MAP], None, None),
        ("SPLIT", [constant(0), MAP], None, "splits the batch"),
        ("PACK", [ROW, ROW], {"axis": 1}, None),
        ("PACK", [ROW, ROW], {"axis": 0}, "along the batch"),
        ("RELU", [tensor(2, 12, 12, 8)], None, "more than three dimensions above 1"),
        ("RELU", [Tensor("t", (1, 8), "int8", np.empty(0), np.empty(0), 0, None)], None, "is not quantized"),
        ("CUMSUM", [ROW], None, "not on the compiler's list"),
    ],
)
def test_the_limits_of_the_compilers_list(name: str, inputs: list[Tensor], options: Any, reason: str | None) -> None:
    given = SimpleNamespace(**options) if isinstance(options, dict) else options
    found = unsupported_reason(Operator(name, 1, tuple(inputs), (ROW,), given))
    assert found is None if reason is None else reason in str(found)
