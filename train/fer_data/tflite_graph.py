"""What stands in a TFLite flatbuffer: the operators in the order in which they run, and the tensors between them.

For the host: it needs the schema that comes with ai-edge-litert. Nothing of a damaged file is believed: every count is
bounded before anything is read by it, so that a wrong one ends in a ValueError and not in a long wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_ENTRIES = 20_000  # operators, tensors or buffers: far beyond any network that an interpreter takes
MOST_DIMENSIONS = 8  # as in TFLite's own shapes
READ = frozenset(
    {"bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64"}
)


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph. `shape` has -1 where a size is open; `data` is None for what is computed."""

    name: str
    shape: tuple[int, ...]
    dtype: str  # float32, int8, uint8, int32, ...
    scales: NDArray[np.float32]  # quantization: none, one for all, or one for each index of `axis`
    zero_points: NDArray[np.int64]
    axis: int
    data: NDArray[Any] | None

    def real(self) -> NDArray[np.float32]:
        """The numbers that the quantized data of a constant stand for. Raises ValueError for what is computed."""
        if self.data is None:
            raise ValueError(f"tensor {self.name} is no constant")
        along = [1] * self.data.ndim
        if len(self.scales) > 1:
            along[self.axis] = -1
        if not len(self.scales):
            return self.data.astype(np.float32)
        return np.asarray((self.data - self.zero_points.reshape(along)) * self.scales.reshape(along), np.float32)


@dataclass(frozen=True)
class Operator:
    """An operator: `name` as in the TFLite schema (CONV_2D), a custom one by its own name."""

    name: str
    version: int
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: Any  # its options table of the schema, or None

    @property
    def layer(self) -> str:
        """The name of what it computes: the converter makes it of those of the Keras layers that went into it."""
        return self.outputs[0].name.partition(";")[0] if self.outputs else self.name

    def taken(self, number: int) -> Tensor:
        """Its input of that number, from 0. Raises ValueError when there is none."""
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
    """The graph of a TFLite flatbuffer. Raises ValueError when it is damaged or has not exactly one subgraph."""
    from ai_edge_litert import schema_py_generated as schema

    try:
        model = schema.Model.GetRootAs(content)
        if model.SubgraphsLength() != 1:
            raise ValueError(f"{model.SubgraphsLength()} subgraphs, expected one")
        return _graph(model, schema)
    except Exception as error:  # struct.error and what else flatbuffers raises for an offset into nowhere
        raise ValueError(f"not a sound TFLite graph: {error}") from error


def _graph(model: Any, schema: Any) -> Graph:
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    dtypes = {code: name.lower() for name, code in vars(schema.TensorType).items() if isinstance(code, int)}
    subgraph = model.Subgraphs(0)
    buffers = _each(model.Buffers, model.BuffersLength())
    tensors = tuple(_tensor(one, buffers, dtypes) for one in _each(subgraph.Tensors, subgraph.TensorsLength()))
    codes = [_code(one, names) for one in _each(model.OperatorCodes, model.OperatorCodesLength())]

    def chosen(vector: Any) -> tuple[Tensor, ...]:
        indices = _numbers(vector)
        if min(indices, default=0) < 0:
            raise ValueError(f"a tensor of number {min(indices)}")
        return tuple(tensors[index] for index in indices)

    def operator(one: Any) -> Operator:
        inputs = tuple(tensors[index] if index >= 0 else None for index in _numbers(one.InputsAsNumpy()))
        options = schema.BuiltinOptionsCreator(one.BuiltinOptionsType(), one.BuiltinOptions())
        name, version = codes[one.OpcodeIndex()]
        return Operator(name, version, inputs, chosen(one.OutputsAsNumpy()), options)

    operators = tuple(operator(one) for one in _each(subgraph.Operators, subgraph.OperatorsLength()))
    return Graph(operators, tensors, chosen(subgraph.InputsAsNumpy()), chosen(subgraph.OutputsAsNumpy()))


def _each(entry: Callable[[int], Any], length: int, most: int = MOST_ENTRIES) -> list[Any]:
    if length > most:
        raise ValueError(f"a list of {length} entries")
    return [entry(number) for number in range(length)]


def _numbers(vector: Any, most: int = MOST_ENTRIES) -> list[int]:
    """A vector of whole numbers; the schema gives the number 0 for one that is not there."""
    return [] if isinstance(vector, int) else _each(lambda number: int(vector[number]), len(vector), most)


def _code(code: Any, names: dict[int, str]) -> tuple[str, int]:
    name = names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
    return code.CustomCode().decode(errors="replace") if name == "CUSTOM" else name, code.Version()


def _tensor(tensor: Any, buffers: list[Any], dtypes: dict[int, str]) -> Tensor:
    name, dtype = (tensor.Name() or b"").decode(errors="replace"), dtypes[tensor.Type()]
    signature = tensor.ShapeAsNumpy() if tensor.ShapeSignatureIsNone() else tensor.ShapeSignatureAsNumpy()
    shape = tuple(_numbers(signature, MOST_DIMENSIONS))
    scales, zero_points, axis = _quantization(tensor.Quantization())
    if len(scales) > 1 and not (axis < len(shape) and shape[axis] == len(scales)):
        raise ValueError(f"tensor {name}, {list(shape)}: {len(scales)} scales along axis {axis}")
    content, data = buffers[tensor.Buffer()].DataAsNumpy(), None
    if not isinstance(content, int) and len(content) and dtype in READ:  # NumPy has no strings or four bits
        data = content.view(dtype).reshape(shape)
    return Tensor(name, shape, dtype, scales, zero_points, axis, data)


def _quantization(given: Any) -> tuple[NDArray[np.float32], NDArray[np.int64], int]:
    """Scales, as many zero points, and the axis along which they lie; none when the tensor is not quantized."""
    if given is None or given.ScaleIsNone():
        return np.empty(0, np.float32), np.empty(0, np.int64), 0
    scales = np.asarray(given.ScaleAsNumpy(), np.float32)
    zero_points = np.zeros(len(scales), np.int64) if given.ZeroPointIsNone() else given.ZeroPointAsNumpy()
    if len(zero_points) != len(scales) or given.QuantizedDimension() < 0:
        raise ValueError(f"{len(scales)} scales and {len(zero_points)} zero points")
    return scales, np.asarray(zero_points, np.int64), given.QuantizedDimension()
