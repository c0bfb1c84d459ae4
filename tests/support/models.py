"""Model files made for a test: one compiled for the Edge TPU, and damaged ones."""

from __future__ import annotations

import zipfile
from pathlib import Path

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_edge.inference.model_file import ModelFile, write_model


def _tensor(name: str, shape: list[int], scale: float) -> schema.TensorT:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, shape, schema.TensorType.UINT8, 0
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [0]
    return tensor


def compiled_graph(classes: int = 7, side: int = 48) -> bytes:
    """What the Edge TPU compiler makes of a model: one custom operator between the input and the output."""
    code, operator, subgraph, model = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    code.customCode = "edgetpu-custom-op"
    operator.inputs, operator.outputs, operator.customOptions = [0], [1], [1, 2, 3]
    subgraph.tensors = [_tensor("faces", [1, side, side, 1], 1.0), _tensor("emotions", [1, classes], 1 / 255)]
    subgraph.inputs, subgraph.outputs, subgraph.operators = [0], [1], [operator]
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [subgraph], [schema.BufferT()]
    return pack(model)


def endless_graph() -> bytes:
    """A graph that loads and whose invoke never returns: while true, do nothing."""
    codes, subgraphs, true = schema.OperatorCodeT(), [], schema.BufferT()
    codes.builtinCode = codes.deprecatedBuiltinCode = schema.BuiltinOperator.WHILE
    true.data = [1]
    for outputs in ([1], [1], [0]):  # the main one, the condition, the body
        subgraph = schema.SubGraphT()
        subgraph.tensors = [_tensor("faces", [1, 48, 48, 1], 1.0), _tensor("out", [1, 48, 48, 1], 1.0)]
        subgraph.inputs, subgraph.outputs, subgraph.operators = [0], outputs, []
        subgraphs.append(subgraph)
    loop = schema.OperatorT()
    loop.inputs, loop.outputs = [0], [1]
    loop.builtinOptionsType, loop.builtinOptions = schema.BuiltinOptions.WhileOptions, schema.WhileOptionsT()
    loop.builtinOptions.condSubgraphIndex, loop.builtinOptions.bodySubgraphIndex = 1, 2
    subgraphs[0].operators = [loop]
    condition = subgraphs[1].tensors[1]
    condition.shape, condition.type, condition.buffer = [1], schema.TensorType.BOOL, 1
    condition.quantization = None
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [codes], subgraphs, [schema.BufferT(), true]
    return pack(model)


def pack(model: schema.ModelT) -> bytes:
    """The flatbuffer of a model."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def write_compiled(path: Path, labels: tuple[str, ...] = FER2013_CLASSES) -> ModelFile:
    """Write a model file that is compiled for the Edge TPU."""
    return write_model(path, compiled_graph(len(labels)), labels, {"name": "fake"})


def write_bomb(path: Path, graph: bytes, entries: dict[str, str]) -> Path:
    """Write a model file whose entries are compressed as much as possible."""
    path.write_bytes(graph)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    return path
