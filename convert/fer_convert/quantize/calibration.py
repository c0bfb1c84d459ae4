"""Ranges of a network's activations for int8.

TFLite's own calibration takes each range from the smallest to the largest value, so a few outliers make the
quantization step coarse for all other values. For a tensor that an ADD overwrites in place it even reports the range of
both. Here the ranges are measured again and narrowed to where the squared error, of rounding and of clipping together,
is smallest (Sung et al., arXiv:1511.06488).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray
from tensorflow.lite.tools import flatbuffer_utils

from fer_convert.quantize.scaling import GREY_LEVELS, Scaling
from fer_edge.errors import UsageError

STEPS = 255  # quantization steps of int8 over a range
BINS = 16 * STEPS  # of the histogram over a range
CANDIDATE_SHARES = np.linspace(0.2, 1.0, 33)  # of the measured range


@dataclass
class ActivationHistogram:
    """The values of one activation over all faces: their range, and how many fall into each of BINS equal bins."""

    low: float = np.inf
    high: float = -np.inf
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))

    def extend_range(self, values: NDArray[np.float32]) -> None:
        """Extend the range to include `values`, of any shape; it becomes NaN when one of them is NaN."""
        self.low, self.high = np.minimum(self.low, values.min()), np.maximum(self.high, values.max())

    def count(self, values: NDArray[np.float32]) -> None:
        """Count `values`, which must lie within the range."""
        self.counts += np.histogram(values, BINS, (self.low, self.high))[0]

    def best_range(self) -> tuple[float, float]:
        """The range with the smallest mean squared error, among the measured one scaled by CANDIDATE_SHARES."""
        share = min(CANDIDATE_SHARES, key=self._squared_error) if self.low < self.high else 1.0
        return float(self.low * share), float(self.high * share)

    def _squared_error(self, share: float) -> float:
        values = self.low + (self.high - self.low) * (np.arange(BINS) + 0.5) / BINS
        low, step = self.low * share, (self.high - self.low) * share / STEPS
        quantized = low + step * np.clip(np.round((values - low) / step), 0, STEPS)
        return float(((values - quantized) ** 2 * self.counts).sum())


def narrow_ranges(calibrated: bytes, faces: Sequence[NDArray[np.float32]], scaling: Scaling = GREY_LEVELS) -> bytes:
    """Narrow the activation ranges of a calibrated float TFLite graph.

    Args:
        calibrated: The flatbuffer, with ranges from TFLite's own calibration.
        faces: Representative inputs, float32 [1,H,W,channels].
        scaling: Of their pixels. It gives the range of the input, so that dark or pale faces cannot narrow that.

    Returns:
        The flatbuffer with the new ranges.

    Raises:
        UsageError: An activation is infinite or not a number.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(calibrated))
    graph = model.subgraphs[0]
    histograms = {index: ActivationHistogram() for operator in graph.operators for index in operator.outputs}
    for index, values in _activations(calibrated, histograms, faces):
        histograms[index].extend_range(values)
    for index, histogram in histograms.items():
        if not np.isfinite((histogram.low, histogram.high)).all():
            name = graph.tensors[index].name.decode()
            raise UsageError(f"{name} computes values that are not finite: train the network again")
    for index, values in _activations(calibrated, histograms, faces):
        histograms[index].count(values)
    for index, histogram in histograms.items():
        _set_range(graph.tensors[index], histogram.best_range())
    for index in graph.inputs:
        _set_range(graph.tensors[index], (scaling.low, scaling.high))
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _activations(
    graph: bytes, tensors: Iterable[int], faces: Sequence[NDArray[np.float32]]
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield the index and the values of each of the tensors, for each of the faces."""
    interpreter = Interpreter(
        model_content=graph,
        num_threads=1,
        experimental_preserve_all_tensors=True,
        # XNNPACK does not give access to what lies between two of its operators.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    (network_input,) = interpreter.get_input_details()
    interpreter.resize_tensor_input(network_input["index"], faces[0].shape)  # its shape may be dynamic
    interpreter.allocate_tensors()
    for face in faces:
        interpreter.set_tensor(network_input["index"], face)
        interpreter.invoke()
        for index in tensors:
            yield index, interpreter.get_tensor(index)


def _set_range(tensor: Any, ends: tuple[float, float]) -> None:
    tensor.quantization.min, tensor.quantization.max = ([end] for end in ends)
