"""Which operators the Edge TPU supports.

The compiler (16.0, the last version) checks twice. First it loads the model in its own interpreter, that of TensorFlow
2.5, which refuses operators of a later version ("Model could not be parsed"). Then it maps the operators on its list
(https://coral.ai/docs/edgetpu/models-intro/#supported-operations), within the limits given there. What neither the list
nor a compiler log establishes counts as unsupported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from fer_data.tflite_graph import Operator, Tensor
from fer_edge.inference.backends.edgetpu import CUSTOM_OPERATOR

COMPILED = CUSTOM_OPERATOR.decode()
MAX_SOFTMAX_SIZE = 16_000

# The highest version that the compiler's interpreter loads. Up to MEAN, TensorFlow 2.5.3 was asked and the compiler
# was seen to map the operator. The others are on its list, with the versions of TensorFlow 2.3; 2.5 may load more.
MAX_VERSIONS = {
    "QUANTIZE": 2, "CONV_2D": 5, "DEPTHWISE_CONV_2D": 6, "FULLY_CONNECTED": 9, "MUL": 4, "ADD": 3, "RESHAPE": 1,
    "AVERAGE_POOL_2D": 3, "MAX_POOL_2D": 3, "LOGISTIC": 3, "SOFTMAX": 3, "MEAN": 3,
    "CONCATENATION": 2, "EXPAND_DIMS": 1, "L2_NORMALIZATION": 2, "MAXIMUM": 2, "MINIMUM": 2, "PACK": 2, "PAD": 2,
    "PRELU": 1, "REDUCE_MAX": 2, "REDUCE_MIN": 2, "RELU": 2, "RELU6": 2, "RELU_N1_TO_1": 1, "RESIZE_BILINEAR": 2,
    "RESIZE_NEAREST_NEIGHBOR": 2, "RSQRT": 1, "SLICE": 3, "SPACE_TO_DEPTH": 2, "SPLIT": 3, "SQUARED_DIFFERENCE": 1,
    "SQUEEZE": 1, "STRIDED_SLICE": 3, "SUB": 2, "SUM": 2, "TANH": 2, "TRANSPOSE": 3, "TRANSPOSE_CONV": 2,
}  # fmt: skip

# What to do about the unsupported operators that people meet most.
REPLACEMENTS = {
    "HARD_SWISH": "use ReLU or ReLU6",
    "LEAKY_RELU": "use ReLU or ReLU6",
    "ELU": "use ReLU or ReLU6",
    "GELU": "use ReLU or ReLU6",
    "SHAPE": "fix the batch at 1",
    "DEQUANTIZE": "quantize the whole network",
}


def is_float(tensor: Tensor) -> bool:
    """Whether the tensor holds floating-point numbers of any width."""
    return "float" in tensor.dtype or "complex" in tensor.dtype


def is_dynamic(tensor: Tensor) -> bool:
    """Whether the tensor has a dynamic size."""
    return any(size < 0 for size in tensor.shape)


def unsupported_reason(operator: Operator) -> str | None:
    """Explain why the Edge TPU does not support an operator; None if it does.

    Raises ValueError when the operator lacks an input that its type needs, or has the options of another type.
    """
    if operator.name not in MAX_VERSIONS:
        replacement = REPLACEMENTS.get(operator.name)
        return "not on the compiler's list" + (f": {replacement}" if replacement else "")
    limit = LIMITS.get(operator.name)
    reason = next(_tensor_problems(operator), None) or (limit(operator) if limit else None)
    if reason is None and is_too_new(operator):  # last, since operators of one type share the version of the newest
        return f"version {operator.version}; the compiler's interpreter loads up to {MAX_VERSIONS[operator.name]}"
    return reason


def is_too_new(operator: Operator) -> bool:
    """Whether the compiler's interpreter refuses the operator's version, and so the whole model."""
    return operator.version > MAX_VERSIONS.get(operator.name, operator.version)


def _tensor_problems(operator: Operator) -> Iterator[str]:
    """The limits that hold for every operator: sizes and types of its inputs and outputs."""
    for tensor in (*operator.inputs, *operator.outputs):
        if tensor is None:
            continue
        computed = tensor.data is None
        if is_dynamic(tensor):
            yield f"tensor {tensor.name} has a dynamic size, {list(tensor.shape)}"
        if tensor.dtype not in ("int8", "uint8") and (computed or tensor.dtype != "int32"):
            yield f"tensor {tensor.name} is {tensor.dtype}"
        if computed and not len(tensor.scales):
            yield f"tensor {tensor.name} is not quantized"
        if computed and math.prod(tensor.shape[:-3]) > 1:
            yield f"tensor {tensor.name} has more than three dimensions above 1, {list(tensor.shape)}"


def _option(operator: Operator, name: str) -> int:
    """A field of its options; 0 without options. Raises ValueError when the options are those of another type."""
    if operator.options is None:
        return 0
    if not hasattr(operator.options, name):
        raise ValueError(f"{operator.name} {operator.layer} has the options of another operator type")
    return int(getattr(operator.options, name))


def _weights_reason(operator: Operator) -> str | None:
    if operator.required_input(1).data is None:
        return "its weights are computed, not constant"
    return None


def _convolution(operator: Operator) -> str | None:
    inputs, weights = operator.required_input(0).shape, operator.required_input(1).shape
    if len(inputs) != 4 or len(weights) != 4:
        raise ValueError(f"{operator.name} {operator.layer} has an input {list(inputs)} and weights {list(weights)}")
    if operator.name == "CONV_2D" and weights[3] != inputs[3]:
        return f"a grouped convolution: {weights[3]} of {inputs[3]} channels for each output"
    if _option(operator, "dilationWFactor") != _option(operator, "dilationHFactor"):
        return "its dilation differs in width and height"
    return _weights_reason(operator)


def _dense(operator: Operator) -> str | None:
    if len(operator.required_input(1).scales) > 1:
        return "its weights are quantized per channel, which runtimes as old as the compiler compute wrongly"
    if _option(operator, "weightsFormat"):
        return "its weights are shuffled"
    if operator.outputs and math.prod(operator.outputs[0].shape[:-1]) > 1:
        return f"its output {list(operator.outputs[0].shape)} is not one-dimensional"
    return _weights_reason(operator)


def _elementwise(operator: Operator) -> str | None:
    """It is not known whether broadcasting between two computed tensors, as in squeeze-and-excite, is mapped."""
    first, second = operator.required_input(0), operator.required_input(1)
    if first.data is None and second.data is None and first.shape != second.shape:
        return f"broadcasts {list(second.shape)} to {list(first.shape)}: support not established"
    return None


def _activation(operator: Operator) -> str | None:
    if _option(operator, "fusedActivationFunction"):
        return "has a fused activation"
    return None


def _axes(operator: Operator) -> str | None:
    """Reductions over the batch are unsupported; over channels their number must be a multiple of 4."""
    axes, shape = operator.required_input(1).data, operator.required_input(0).shape
    if axes is None:
        return "its axes are computed, not constant"
    reduced = {int(axis) % max(len(shape), 1) for axis in axes.ravel()}
    if 0 in reduced:
        return "reduces over the batch"
    if len(shape) - 1 in reduced and shape[-1] % 4:
        return f"reduces over {shape[-1]} channels, not a multiple of 4"
    return None


def _concatenation(operator: Operator) -> str | None:
    constant = [tensor for tensor in operator.inputs if tensor is not None and tensor.data is not None]
    if constant and (len(operator.inputs) != 2 or any(tensor.dequantized().any() for tensor in constant)):
        return "concatenates a constant that is not zero"
    return _activation(operator)


def _padding(operator: Operator) -> str | None:
    amounts = operator.required_input(1).data
    if amounts is None:
        return "its padding is computed, not constant"
    return "pads the batch" if amounts.reshape(-1, 2)[0].any() else None


def _prelu(operator: Operator) -> str | None:
    slopes = operator.required_input(1)
    if slopes.data is None or math.prod(slopes.shape[:-1]) > 1:
        return "it has more than one slope for each channel: share the other axes"
    return None


def _softmax(operator: Operator) -> str | None:
    shape = operator.required_input(0).shape
    if math.prod(shape[:-1]) > 1 or math.prod(shape) > MAX_SOFTMAX_SIZE:
        return f"its input is {list(shape)}; supported is one dimension of up to {MAX_SOFTMAX_SIZE}"
    return None


def _strides(operator: Operator) -> str | None:
    strides = operator.required_input(3).data
    masked = _option(operator, "ellipsisMask") or _option(operator, "newAxisMask")
    if strides is None or (strides != 1).any() or masked:
        return "its strides are not all 1, or it uses an ellipsis or a new axis"
    return None


def _split(operator: Operator) -> str | None:
    axis = operator.required_input(0).data
    rank = max(len(operator.required_input(1).shape), 1)
    return "splits the batch" if axis is None or int(axis.ravel()[0]) % rank == 0 else None


def _pack(operator: Operator) -> str | None:
    return None if _option(operator, "axis") else "packs along the batch"


LIMITS: dict[str, Callable[[Operator], str | None]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "FULLY_CONNECTED": _dense,
    **dict.fromkeys(("ADD", "MUL", "SUB", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"), _elementwise),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), _activation),
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"), _axes),
    "CONCATENATION": _concatenation,
    "PACK": _pack,
    "PAD": _padding,
    "PRELU": _prelu,
    "SOFTMAX": _softmax,
    "SPLIT": _split,
    "STRIDED_SLICE": _strides,
}
