"""How far an export agrees with the model that it was made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import FerError

FLOAT_TOLERANCE = 1e-3  # probability; float32 kernels differ in the order of their sums, by about 1e-6
INT8_TOLERANCE = 0.05  # probability; runtimes round int8 sums differently, and an output step is 1/256


class DisagreementError(FerError):
    """An export gives other probabilities than the model."""


@dataclass(frozen=True)
class Agreement:
    """The comparison of two models on the same faces.

    Attributes:
        max_difference: The largest difference between two probabilities; NaN if the export gave one.
        same_class: The share of faces with the same class, 0..1.
    """

    max_difference: float
    same_class: float

    @classmethod
    def between(cls, expected: NDArray[np.float32], actual: NDArray[np.float32]) -> Agreement:
        """Compare probabilities, both float32 [N,classes]."""
        same = expected.argmax(axis=1) == actual.argmax(axis=1)
        return cls(float(np.abs(expected - actual).max()), float(same.mean()))

    def check(self, quantized: bool) -> None:
        """Raise DisagreementError if the probabilities differ by more than the runtimes may."""
        tolerance = INT8_TOLERANCE if quantized else FLOAT_TOLERANCE
        if not self.max_difference <= tolerance:  # also if it is NaN
            raise DisagreementError(
                f"the export disagrees with the model and is not written: {self}; at most {tolerance:g} is accepted"
            )

    def __str__(self) -> str:
        """The line that the command prints."""
        return f"same class for {self.same_class:.1%}, probabilities differ by up to {self.max_difference:.2g}"
