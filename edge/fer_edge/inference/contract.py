"""What the device requires of a model: a grey face as uint8 in, probabilities of the labels as uint8 or int8 out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_edge.inference.model_file import LABELS, ModelFile, model_error

INPUT_DTYPES = ("uint8",)
OUTPUT_DTYPES = ("uint8", "int8")
# SOFTMAX and LOGISTIC have a fixed output range, 0..255/256, while that of any other operator is measured. It is also
# all that is known of a compiled model, whose closing operator is hidden.
MAX_LOW, MIN_HIGH, MAX_HIGH = 1e-3, 0.99, 1.0 + 1e-5


@dataclass(frozen=True)
class TensorSpec:
    """An input or output of a model.

    Attributes:
        dtype: float32, uint8, ...
        shape: Its sizes, -1 where a size is dynamic.
        scale: Quantization scale; 0 if it is not quantized, or not by one scale.
        zero_point: Quantization zero point.
    """

    dtype: str
    shape: tuple[int, ...]
    scale: float = 0.0
    zero_point: int = 0

    @classmethod
    def of_details(cls, details: Mapping[str, Any]) -> TensorSpec:
        """The tensor that an interpreter describes."""
        shape = details.get("shape_signature", details["shape"])
        scale, zero_point = details["quantization"]
        return cls(np.dtype(details["dtype"]).name, tuple(map(int, shape)), float(scale), int(zero_point))

    @property
    def range(self) -> tuple[float, float]:
        """The smallest and the largest real value that a tensor of integers holds."""
        limits = np.iinfo(self.dtype)
        low, high = int(limits.min) - self.zero_point, int(limits.max) - self.zero_point
        return self.scale * low + 0.0, self.scale * high + 0.0  # + 0.0 makes 0 of -0

    @property
    def holds_probabilities(self) -> bool:
        """Whether its range is 0..1, as that of SOFTMAX and LOGISTIC is."""
        if self.dtype not in OUTPUT_DTYPES:
            return False
        low, high = self.range
        return abs(low) <= MAX_LOW and MIN_HIGH <= high <= MAX_HIGH


def contract_problems(inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], labels: Sequence[str]) -> list[str]:
    """All that a model lacks to run on the device, a phrase each; empty for a sound model."""
    problems = []
    if len(inputs) != 1 or len(outputs) != 1:
        problems.append(f"it has {len(inputs)} inputs and {len(outputs)} outputs; expected one of each")
    if len(inputs) == 1:
        problems += _input_problems(inputs[0])
    if len(outputs) == 1:
        problems += _output_problems(outputs[0], labels)
    if not labels:
        problems.append(f"no {LABELS} in it, or cut short")
    return problems


def _input_problems(tensor: TensorSpec) -> Iterator[str]:
    if tensor.dtype not in INPUT_DTYPES:
        yield f"its input is {tensor.dtype}, expected uint8"
    batch, height, width, channels = tensor.shape if len(tensor.shape) == 4 else (0, 0, 0, 0)
    if batch not in (1, -1) or not 0 < height == width or channels != 1:
        yield f"its input is {list(tensor.shape)}, expected [1, side, side, 1] (grey faces)"


def _output_problems(tensor: TensorSpec, labels: Sequence[str]) -> Iterator[str]:
    if tensor.dtype not in OUTPUT_DTYPES:
        yield f"its output is {tensor.dtype}, expected uint8 or int8"
    elif not tensor.holds_probabilities:
        low, high = tensor.range
        yield (
            f"the range of its output is {low:.3g} to {high:.3g}, expected 0 to 1 "
            "(probabilities, as SOFTMAX or LOGISTIC gives)"
        )
    if len(tensor.shape) != 2 or tensor.shape[0] not in (1, -1) or tensor.shape[1] < 2:
        yield f"its output is {list(tensor.shape)}, expected [1, classes]"
    elif labels and tensor.shape[1] != len(labels):
        yield f"its output is {list(tensor.shape)}, but it has {len(labels)} labels"


def require_contract(model: ModelFile, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> None:
    """Raise ModelError, with all that the model lacks, unless the device can run it."""
    problems = contract_problems(inputs, outputs, model.labels)
    if problems:
        raise model_error(model.path, "; ".join(problems), f"fer-convert adopt {model.path} --labels A,B,...")
