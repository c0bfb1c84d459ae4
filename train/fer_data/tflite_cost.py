"""The cost of the operators of a TFLite graph: multiply-accumulate operations, and memory on the Edge TPU."""

from __future__ import annotations

import math

from fer_data.edgetpu_memory import depthwise_bytes, edge_tpu_bytes
from fer_data.tflite_graph import Operator

FULLY_CONNECTED, CONVOLUTION, DEPTHWISE = "FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D"


def parameter_bytes(operator: Operator) -> int:
    """Estimated memory of its parameters on the Edge TPU, bytes. Raises ValueError when it lacks an input."""
    if operator.name == FULLY_CONNECTED:
        outputs, inputs = _weights_shape(operator, 2)
        return edge_tpu_bytes((1, 1, inputs, outputs))
    if operator.name == CONVOLUTION:
        outputs, height, width, inputs = _weights_shape(operator, 4)
        return edge_tpu_bytes((height, width, inputs, outputs))
    if operator.name == DEPTHWISE:
        _, height, width, outputs = _weights_shape(operator, 4)
        return depthwise_bytes((height, width, outputs, 1))
    return 0


def macs(operator: Operator) -> int:
    """Multiply-accumulate operations for one face; 0 without weights. Raises ValueError when it lacks an input."""
    if operator.name == FULLY_CONNECTED:
        return math.prod(_weights_shape(operator, 2))
    if operator.name in (CONVOLUTION, DEPTHWISE):
        return math.prod(operator.outputs[0].shape[1:3]) * math.prod(_weights_shape(operator, 4))
    return 0


def _weights_shape(operator: Operator, rank: int) -> tuple[int, ...]:
    """The shape of its weights in TFLite's order, outputs first."""
    shape = operator.required_input(1).shape
    if len(shape) != rank:
        raise ValueError(f"{operator.name} {operator.layer} has weights {list(shape)}, expected {rank} sizes")
    return shape
