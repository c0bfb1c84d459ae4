"""Changes to a quantized TFLite graph that make it keep the device's contract.

Each is exact: pixels that are scaled as the network expects, the grey face in all its channels, the softmax that the
network was trained with. The operators of the network itself stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from fer_convert.quantize.scaling import Scaling
from fer_edge.inference.contract import TensorSpec

UINT8, INT8 = schema.TensorType.UINT8, schema.TensorType.INT8
DTYPE_NAMES = {code: name.lower() for name, code in vars(schema.TensorType).items() if isinstance(code, int)}
INT8_SHIFT = 128  # between the zero points of the same values as uint8 and as int8
PROBABILITY_STEP = 1 / 256  # of SOFTMAX, as TFLite requires
PASSED_ON = ("QUANTIZE", "DEQUANTIZE", "RESHAPE", "SQUEEZE")  # operators that change no value
INT8_FROM_VERSION_2 = ("CONCATENATION", "SOFTMAX")
NO_LOGITS = ("TANH", "L2_NORMALIZATION", "RELU", "RELU6", "HARD_SWISH")


class GraphEditor:
    """A TFLite graph with one input and one output that is being changed.

    Every method raises ValueError, with the reason, for what cannot be done exactly.
    """

    def __init__(self, graph: bytes) -> None:
        self._model = flatbuffer_utils.convert_bytearray_to_object(bytearray(graph))
        self._graph = self._model.subgraphs[0]
        self._model.signatureDefs = None  # they name tensors that change
        for tensor in self._graph.tensors:
            tensor.shapeSignature = None  # a dynamic batch becomes the 1 of its shape

    @property
    def input(self) -> TensorSpec:
        """The input."""
        return _spec(self._tensor(self._graph.inputs[0]))

    @property
    def output(self) -> TensorSpec:
        """The output."""
        return _spec(self._tensor(self._graph.outputs[0]))

    @property
    def closing_operator(self) -> str:
        """The operator that computes the output, apart from those that only pass it on."""
        producer = self._producer(self._graph.outputs[0])
        while producer is not None and self._name(producer) in PASSED_ON:
            producer = self._producer(producer.inputs[0])
        return "nothing" if producer is None else self._name(producer)

    def drop_float_ends(self) -> None:
        """Drop the conversion from and to floats at the ends of a graph that is quantized in between."""
        (first,), (last,) = self._graph.inputs, self._graph.outputs
        readers = [operator for operator in self._graph.operators if first in operator.inputs]
        if self._tensor(first).type not in (UINT8, INT8) and [self._name(reader) for reader in readers] == ["QUANTIZE"]:
            self._graph.operators.remove(readers[0])
            self._graph.inputs = list(readers[0].outputs)
        self._drop_closing("DEQUANTIZE", last)
        for kind, tensor in (("input", self.input), ("output", self.output)):
            if tensor.dtype not in ("uint8", "int8") or not tensor.scale:
                quantized = "" if tensor.scale else " without a quantization"
                raise ValueError(f"its {kind} is {tensor.dtype}{quantized}, expected quantized int8 or uint8")

    def take_grey(self, scaling: Scaling) -> None:
        """Take uint8 grey levels: scale them as the network expects, and repeat them for each of its channels."""
        target = self._graph.inputs[0]
        channels = self.input.shape[-1]
        plane = target if channels == 1 else self._add_like(target, "plane", (*self.input.shape[:-1], 1))
        face, added = self._scaled_input(plane, scaling)
        if channels > 1:
            options = schema.ConcatenationOptionsT()
            options.axis = 3
            added.append(self._operator("CONCATENATION", [plane] * channels, target, options))
        self._graph.operators = [*added, *self._graph.operators]
        self._graph.inputs = [face]

    def _scaled_input(self, plane: int, scaling: Scaling) -> tuple[int, list[Any]]:
        """A tensor of uint8 grey levels, and the operators that make `plane` of it."""
        tensor = _spec(self._tensor(plane))
        ends = zip(tensor.range, (scaling.low, scaling.high), strict=True)
        if all(abs(end - expected) <= tensor.scale for end, expected in ends):
            if tensor.dtype == "uint8":
                return plane, []
            scale, zero_point = tensor.scale, tensor.zero_point + INT8_SHIFT
        else:
            scale, zero_point = scaling.step, round(-scaling.low / scaling.step)
            if not 0 <= zero_point <= np.iinfo(np.uint8).max:
                raise ValueError(f"scaling {scaling}: does not include 0, so that no quantized input can have it")
        face = self._add_tensor("face", tensor.shape, UINT8, scale, zero_point)
        return face, [self._operator("QUANTIZE", [face], plane)]

    def give_probabilities(self, classes: int) -> None:
        """Append the softmax of a network that ends in logits, and make the output [1,classes].

        One value for two classes is taken as the logit of the second, or as its probability after LOGISTIC.
        """
        if math.prod(self.output.shape) == 1 and classes == 2:
            self._append_softmax(self._pair_with_zero())
        elif not self.output.holds_probabilities:
            self._check_logits()
            self._drop_closing("QUANTIZE", self._graph.outputs[0])
            self._append_softmax(self._graph.outputs[0])
        if self.output.shape != (1, classes):
            self._flatten_output(classes)

    def _check_logits(self) -> None:
        low, high = self.output.range
        closing = self.closing_operator
        if closing in NO_LOGITS or (low >= 0 and high <= 1):
            raise ValueError(
                f"it ends in {closing} with a range of {low:.3g} to {high:.3g}: "
                "that is neither a probability (after softmax or sigmoid) nor a logit"
            )

    def _pair_with_zero(self) -> int:
        """The logits of two classes, [0, x]: their softmax is the sigmoid of x and the rest."""
        self._drop_closing("QUANTIZE", self._graph.outputs[0])
        if self.output.holds_probabilities:
            self._drop_closing("LOGISTIC", self._graph.outputs[0])
        if self.output.holds_probabilities:
            raise ValueError(f"its one output is a probability that {self.closing_operator} gives, and no sigmoid")
        last = self._graph.outputs[0]
        logit = self._tensor(last)
        zero = self._add_constant("zero", np.full((1, 1), self.output.zero_point, self.output.dtype), last)
        pair = self._add_like(last, "logits", (1, 2))
        options = schema.ConcatenationOptionsT()
        options.axis = len(logit.shape) - 1
        self._graph.operators.append(self._operator("CONCATENATION", [zero, last], pair, options))
        return pair

    def _append_softmax(self, logits: int) -> None:
        tensor = self._tensor(logits)
        zero_point = -INT8_SHIFT if tensor.type == INT8 else 0
        shape = tuple(map(int, tensor.shape))
        output = self._add_tensor("probabilities", shape, tensor.type, PROBABILITY_STEP, zero_point)
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        self._graph.operators.append(self._operator("SOFTMAX", [logits], output, options))
        self._graph.outputs = [output]

    def _flatten_output(self, classes: int) -> None:
        last = self._graph.outputs[0]
        shape = self._add_constant("shape", np.array([1, classes], np.int32))
        options = schema.ReshapeOptionsT()
        options.newShape = [1, classes]
        output = self._add_like(last, "flat", (1, classes))
        self._graph.operators.append(self._operator("RESHAPE", [last, shape], output, options))
        self._graph.outputs = [output]

    def pack(self) -> bytes:
        """The flatbuffer, without the tensors that are no longer used."""
        graph = self._graph
        users = [(graph, "inputs"), (graph, "outputs")]
        users += [(operator, name) for operator in graph.operators for name in ("inputs", "outputs", "intermediates")]
        lists = [(user, name, getattr(user, name)) for user, name in users if getattr(user, name) is not None]
        used = sorted({int(index) for _, _, indices in lists for index in indices if index >= 0})
        new = {index: position for position, index in enumerate(used)}
        for user, name, indices in lists:
            setattr(
                user, name, [new.get(int(index), -1) for index in indices]
            )  # -1 is an optional input that is absent
        graph.tensors = [graph.tensors[index] for index in used]
        return bytes(flatbuffer_utils.convert_object_to_bytearray(self._model))

    def _tensor(self, index: int) -> Any:
        return self._graph.tensors[index]

    def _producer(self, tensor: int) -> Any | None:
        return next((operator for operator in self._graph.operators if tensor in operator.outputs), None)

    def _name(self, operator: Any) -> str:
        return str(flatbuffer_utils.opcode_to_name(self._model, operator.opcodeIndex))

    def _drop_closing(self, name: str, last: int) -> None:
        """Drop the operator that computes the output if it is of this type."""
        producer = self._producer(last)
        if producer is not None and self._name(producer) == name:
            self._graph.operators.remove(producer)
            self._graph.outputs = [producer.inputs[0]]

    def _operator(self, name: str, inputs: Sequence[int], output: int, options: Any = None) -> Any:
        operator, code = schema.OperatorT(), schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
        code.version = 2 if name in INT8_FROM_VERSION_2 and self._tensor(output).type == INT8 else 1
        operator.opcodeIndex = len(self._model.operatorCodes)
        self._model.operatorCodes.append(code)
        operator.inputs, operator.outputs = list(inputs), [output]
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType, operator.builtinOptions = getattr(schema.BuiltinOptions, kind), options
        return operator

    def _add_like(self, index: int, name: str, shape: tuple[int, ...]) -> int:
        """Add a tensor of another shape with the type and the quantization of an existing one."""
        tensor = self._tensor(index)
        spec = _spec(tensor)
        return self._add_tensor(name, shape, tensor.type, spec.scale, spec.zero_point)

    def _add_constant(self, name: str, values: Any, like: int | None = None) -> int:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        if like is None:
            index = self._add_tensor(name, values.shape, schema.TensorType.INT32)
        else:
            index = self._add_like(like, name, values.shape)
        self._tensor(index).buffer = len(self._model.buffers) - 1
        return index

    def _add_tensor(
        self, name: str, shape: tuple[int, ...], dtype: int, scale: float | None = None, zero_point: int = 0
    ) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = f"adopted/{name}", list(shape), dtype, 0
        if scale is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [zero_point]
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1


def _spec(tensor: Any) -> TensorSpec:
    dtype, shape = DTYPE_NAMES[tensor.type], tuple(map(int, tensor.shape))
    quantization = tensor.quantization
    if quantization is None or quantization.scale is None or len(quantization.scale) != 1:
        return TensorSpec(dtype, shape)
    return TensorSpec(dtype, shape, float(quantization.scale[0]), int(quantization.zeroPoint[0]))
