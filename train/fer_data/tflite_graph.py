"""Reading a TFLite flatbuffer: its operators in the order in which they run, and the tensors between them.

It needs the schema that comes with ai-edge-litert. Every count in the file is bounded before anything is read by it, so
that a damaged file ends in a ValueError and not in a loop of hours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_ENTRIES = 20_000  # operators, tensors or buffers: far beyond any network that an interpreter takes
MAX_DIMENSIONS = 8  # as in TFLite's own shapes
NUMPY_TYPES = frozenset(
    {"bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64"}
)


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph.

    Attributes:
        name: Its name in the file.
        shape: Its sizes, -1 where a size is dynamic.
        dtype: float32, int8, uint8, int32, ...
        scales: Quantization scales, float32: empty, one for all, or one for each index of `axis`.
        zero_points: Quantization zero points, int64, as many as scales.
        axis: The quantized dimension.
        data: The values of a constant; None for a tensor that is computed, or of a type that NumPy lacks.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: NDArray[np.float32]
    zero_points: NDArray[np.int64]
    axis: int
    data: NDArray[Any] | None

    def dequantized(self) -> NDArray[np.float32]:
        """The real values of a constant. Raises ValueError for a tensor that is computed."""
        if self.data is None:
            raise ValueError(f"tensor {self.name} is not a constant")
        along = [1] * self.data.ndim
        if len(self.scales) > 1:
            along[self.axis] = -1
        if not len(self.scales):
            return self.data.astype(np.float32)
        return np.asarray((self.data - self.zero_points.reshape(along)) * self.scales.reshape(along), np.float32)


@dataclass(frozen=True)
class Operator:
    """An operator of the graph.

    Attributes:
        name: As in the TFLite schema (CONV_2D); a custom operator's own name.
        version: Its version in the schema.
        inputs: Its input tensors; None for an optional one that is absent.
        outputs: Its output tensors.
        options: Its options table of the schema, or None.
    """

    name: str
    version: int
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: Any

    @property
    def layer(self) -> str:
        """The name of its output, which the converter builds from the names of the Keras layers that it computes."""
        return self.outputs[0].name.partition(";")[0] if self.outputs else self.name

    def required_input(self, number: int) -> Tensor:
        """The input of this number, from 0. Raises ValueError when it does not exist."""
        tensor = self.inputs[number] if number < len(self.inputs) else None
        if tensor is None:
            raise ValueError(f"{self.name} {self.layer} has no input {number}")
        return tensor


@dataclass(frozen=True)
class Graph:
    """The one subgraph of a model."""

    operators: tuple[Operator, ...]
    tensors: tuple[Tensor, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def read_graph(content: bytes) -> Graph:
    """Read a TFLite flatbuffer. Raises ValueError when it is damaged or does not have exactly one subgraph."""
    from ai_edge_litert import schema_py_generated as schema

    try:
        model = schema.Model.GetRootAs(content)
        if model.SubgraphsLength() != 1:
            raise ValueError(f"{model.SubgraphsLength()} subgraphs, expected one")
        return _graph(model, schema)
    except Exception as error:  # struct.error and others that flatbuffers raises for a wrong offset
        raise ValueError(f"not a valid TFLite graph: {error}") from error


def _graph(model: Any, schema: Any) -> Graph:
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    dtypes = {code: name.lower() for name, code in vars(schema.TensorType).items() if isinstance(code, int)}
    subgraph = model.Subgraphs(0)
    buffers = _each(model.Buffers, model.BuffersLength())
    tensors = tuple(_tensor(one, buffers, dtypes) for one in _each(subgraph.Tensors, subgraph.TensorsLength()))
    codes = [_code(one, names) for one in _each(model.OperatorCodes, model.OperatorCodesLength())]

    def tensors_of(vector: Any) -> tuple[Tensor, ...]:
        indices = _numbers(vector)
        if min(indices, default=0) < 0:
            raise ValueError(f"tensor number {min(indices)}")
        return tuple(tensors[index] for index in indices)

    def operator(one: Any) -> Operator:
        inputs = tuple(tensors[index] if index >= 0 else None for index in _numbers(one.InputsAsNumpy()))
        options = schema.BuiltinOptionsCreator(one.BuiltinOptionsType(), one.BuiltinOptions())
        name, version = codes[one.OpcodeIndex()]
        return Operator(name, version, inputs, tensors_of(one.OutputsAsNumpy()), options)

    operators = tuple(operator(one) for one in _each(subgraph.Operators, subgraph.OperatorsLength()))
    return Graph(operators, tensors, tensors_of(subgraph.InputsAsNumpy()), tensors_of(subgraph.OutputsAsNumpy()))


def _each(entry: Callable[[int], Any], length: int, limit: int = MAX_ENTRIES) -> list[Any]:
    if length > limit:
        raise ValueError(f"a list of {length} entries")
    return [entry(number) for number in range(length)]


def _numbers(vector: Any, limit: int = MAX_ENTRIES) -> list[int]:
    """A vector of integers; for an absent one the schema returns the number 0."""
    return [] if isinstance(vector, int) else _each(lambda number: int(vector[number]), len(vector), limit)


def _code(code: Any, names: dict[int, str]) -> tuple[str, int]:
    name = names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
    return code.CustomCode().decode(errors="replace") if name == "CUSTOM" else name, code.Version()


def _tensor(tensor: Any, buffers: list[Any], dtypes: dict[int, str]) -> Tensor:
    name, dtype = (tensor.Name() or b"").decode(errors="replace"), dtypes[tensor.Type()]
    signature = tensor.ShapeAsNumpy() if tensor.ShapeSignatureIsNone() else tensor.ShapeSignatureAsNumpy()
    shape = tuple(_numbers(signature, MAX_DIMENSIONS))
    scales, zero_points, axis = _quantization(tensor.Quantization())
    if len(scales) > 1 and not (axis < len(shape) and shape[axis] == len(scales)):
        raise ValueError(f"tensor {name}, {list(shape)}: {len(scales)} scales along axis {axis}")
    content, data = buffers[tensor.Buffer()].DataAsNumpy(), None
    if not isinstance(content, int) and len(content) and dtype in NUMPY_TYPES:  # not strings or 4-bit integers
        data = content.view(dtype).reshape(shape)
    return Tensor(name, shape, dtype, scales, zero_points, axis, data)


def _quantization(parameters: Any) -> tuple[NDArray[np.float32], NDArray[np.int64], int]:
    """Scales, as many zero points, and the quantized dimension; empty when the tensor is not quantized."""
    if parameters is None or parameters.ScaleIsNone():
        return np.empty(0, np.float32), np.empty(0, np.int64), 0
    scales = np.asarray(parameters.ScaleAsNumpy(), np.float32)
    zero_points = np.zeros(len(scales), np.int64) if parameters.ZeroPointIsNone() else parameters.ZeroPointAsNumpy()
    if len(zero_points) != len(scales) or parameters.QuantizedDimension() < 0:
        raise ValueError(f"{len(scales)} scales and {len(zero_points)} zero points")
    return scales, np.asarray(zero_points, np.int64), parameters.QuantizedDimension()
