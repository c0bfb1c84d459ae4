"""What a network lost when it was quantized."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import FerError


@dataclass(frozen=True)
class Drop:
    """A network before and after quantization, on the same faces.

    float_accuracy, int8_accuracy, agreement (the share of faces with the same answer): 0..1. largest_difference: of two
    probabilities for one class and face, 0..1.
    """

    faces: int
    float_accuracy: float
    int8_accuracy: float
    agreement: float
    largest_difference: float

    @classmethod
    def of(cls, labels: NDArray[np.int64], before: NDArray[np.float32], after: NDArray[np.float32]) -> Drop:
        """Compare probabilities [N,classes] from before and after, for faces whose classes are `labels` [N]."""
        said, says = before.argmax(axis=1), after.argmax(axis=1)
        return cls(
            len(labels),
            float((said == labels).mean()),
            float((says == labels).mean()),
            float((said == says).mean()),
            float(np.abs(before - after).max()),
        )

    @property
    def drop(self) -> float:
        """Accuracy lost, in percentage points; negative when it has gained."""
        return 100 * (self.float_accuracy - self.int8_accuracy)

    def refuse_above(self, points: float) -> None:
        """Raise FerError when more than `points` are lost."""
        lost = round(self.drop * self.faces / 100)  # in whole faces, which no rounding of a share blurs
        if lost > points * self.faces / 100:
            raise FerError(
                f"int8 loses {self.drop:.2f} points against float ({100 * self.float_accuracy:.2f} % to "
                f"{100 * self.int8_accuracy:.2f} % of {self.faces} faces); --max-drop allows {points:g}"
            )

    def __str__(self) -> str:
        return (
            f"{self.faces} faces: float {100 * self.float_accuracy:.2f} %, int8 {100 * self.int8_accuracy:.2f} %, "
            f"same answer for {100 * self.agreement:.2f} %, probabilities differ by up to {self.largest_difference:.3f}"
        )
