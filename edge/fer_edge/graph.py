"""What stands in a TFLite flatbuffer: the operators in the order in which they run, and the tensors between them.

For the host: it needs the schema that comes with ai-edge-litert.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
        if len(model.subgraphs) != 1:
            raise ValueError(f"{len(model.subgraphs)} subgraphs, expected one")
        return _graph(model, schema)
    except (AttributeError, IndexError, TypeError, KeyError, OverflowError, MemoryError) as error:
        raise ValueError(f"not a sound TFLite flatbuffer: {error}") from error
    except Exception as error:  # struct.error and what else flatbuffers raises for an offset into nowhere
        raise ValueError(str(error)) from error


def _graph(model: Any, schema: Any) -> Graph:
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    dtypes = {code: name.lower() for name, code in vars(schema.TensorType).items() if isinstance(code, int)}
    subgraph = model.subgraphs[0]
    tensors = tuple(_tensor(tensor, model.buffers, dtypes) for tensor in subgraph.tensors)

    def chosen(indices: Any) -> tuple[Any, ...]:
        return tuple(tensors[index] if index >= 0 else None for index in ([] if indices is None else indices))

    operators = []
    for operator in subgraph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        if name == "CUSTOM":
            name = code.customCode.decode()
        operators.append(
            Operator(name, code.version, chosen(operator.inputs), chosen(operator.outputs), operator.builtinOptions)
        )
    return Graph(tuple(operators), tensors, chosen(subgraph.inputs), chosen(subgraph.outputs))


def _tensor(tensor: Any, buffers: Any, dtypes: dict[int, str]) -> Tensor:
    quantization = tensor.quantization
    scales = None if quantization is None else quantization.scale
    zero_points = None if quantization is None else quantization.zeroPoint
    signature = tensor.shape if tensor.shapeSignature is None else tensor.shapeSignature
    shape, dtype = tuple(int(size) for size in ([] if signature is None else signature)), dtypes[tensor.type]
    content = buffers[tensor.buffer].data
    data = None
    if content is not None and len(content) and dtype != "string":
        data = np.frombuffer(np.asarray(content, np.uint8).tobytes(), dtype).reshape(shape)
    return Tensor(
        tensor.name.decode(errors="replace"),
        shape,
        dtype,
        np.asarray([] if scales is None else scales, np.float32),
        np.asarray([] if zero_points is None else zero_points, np.int64),
        0 if quantization is None else quantization.quantizedDimension,
        data,
    )
