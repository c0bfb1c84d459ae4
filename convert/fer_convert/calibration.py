"""The ranges of a network's activations that int8 has to express.

TFLite takes each range from the smallest to the largest value ever seen, so that a few outliers make the steps coarse
for all the rest; and what it says of a tensor that an ADD then overwrites in place is the range of both. Here the
ranges are measured anew, and drawn in to where the squared error, of what is rounded and what is cut off, is least
(Sung et al., arXiv:1511.06488).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray
from tensorflow.lite.tools import flatbuffer_utils

from fer_edge.errors import UsageError

STEPS = 255  # of int8 over a range
BINS = 16 * STEPS
SHARES = np.linspace(0.2, 1.0, 33)  # of a range as seen: those that are tried
PIXELS = (0.0, 255.0)  # what the network takes, whatever the faces at hand reach


@dataclass
class Activation:
    """The values of one activation over all faces: between which they lie, and how many in each of BINS parts of it."""

    low: float = np.inf
    high: float = -np.inf
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))

    def reach(self, values: NDArray[np.float32]) -> None:
        """Widen the range to `values`, of any shape; to NaN if one of them is none."""
        self.low, self.high = np.minimum(self.low, values.min()), np.maximum(self.high, values.max())

    def count(self, values: NDArray[np.float32]) -> None:
        """Count `values`, which are within the range."""
        self.counts += np.histogram(values, BINS, (self.low, self.high))[0]

    def narrowed(self) -> tuple[float, float]:
        """The range, both ends drawn in by one share, at which the mean squared error is least."""
        share = min(SHARES, key=self._error) if self.low < self.high else 1.0
        return float(self.low * share), float(self.high * share)

    def _error(self, share: float) -> float:
        values = self.low + (self.high - self.low) * (np.arange(BINS) + 0.5) / BINS
        low, step = self.low * share, (self.high - self.low) * share / STEPS
        expressed = low + step * np.clip(np.round((values - low) / step), 0, STEPS)
        return float(((values - expressed) ** 2 * self.counts).sum())


def narrow(calibrated: bytes, faces: Sequence[NDArray[np.float32]]) -> bytes:
    """A float graph of TFLite that has been calibrated, with narrower ranges of its activations.

    `faces` are what it takes, float32 [1,H,W,1]. Raises UsageError for a network whose activations are not all numbers.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(calibrated))
    graph = model.subgraphs[0]
    computed = {number: Activation() for operator in graph.operators for number in operator.outputs}
    for number, values in _values(calibrated, computed, faces):
        computed[number].reach(values)
    for number, activation in computed.items():
        if not np.isfinite((activation.low, activation.high)).all():
            raise UsageError(f"{graph.tensors[number].name.decode()} gives what is no number: train the network anew")
    for number, values in _values(calibrated, computed, faces):
        computed[number].count(values)
    for number, activation in computed.items():
        _set_range(graph.tensors[number], activation.narrowed())
    for number in graph.inputs:
        _set_range(graph.tensors[number], PIXELS)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _values(
    graph: bytes, tensors: Iterable[int], faces: Sequence[NDArray[np.float32]]
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Each of the tensors, by its number, for each of the faces."""
    interpreter = Interpreter(
        model_content=graph,
        num_threads=1,
        experimental_preserve_all_tensors=True,
        # XNNPACK would keep to itself what lies between two of its operators.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    (taken,) = interpreter.get_input_details()
    interpreter.resize_tensor_input(taken["index"], faces[0].shape)  # it may have sizes that are open
    interpreter.allocate_tensors()
    for face in faces:
        interpreter.set_tensor(taken["index"], face)
        interpreter.invoke()
        for number in tensors:
            yield number, interpreter.get_tensor(number)


def _set_range(tensor: Any, ends: tuple[float, float]) -> None:
    tensor.quantization.min, tensor.quantization.max = ([end] for end in ends)
