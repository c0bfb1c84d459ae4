"""How much accuracy a network lost when it was quantized."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import FerError


@dataclass(frozen=True)
class QuantizationLoss:
    """A float network against its quantized version, on the same faces.

    Attributes:
        faces: Number of faces compared.
        float_accuracy: Accuracy of the float network, 0..1.
        int8_accuracy: Accuracy of the quantized network, 0..1.
        agreement: Share of the faces for which both give the same class, 0..1.
        largest_difference: Largest difference between two probabilities of one class and face, 0..1.
    """

    faces: int
    float_accuracy: float
    int8_accuracy: float
    agreement: float
    largest_difference: float

    @classmethod
    def between(
        cls, labels: NDArray[np.int64], float_scores: NDArray[np.float32], int8_scores: NDArray[np.float32]
    ) -> QuantizationLoss:
        """Compare the probabilities [N,classes] of both networks for faces with the true classes `labels` [N]."""
        float_classes, int8_classes = float_scores.argmax(axis=1), int8_scores.argmax(axis=1)
        return cls(
            len(labels),
            float((float_classes == labels).mean()),
            float((int8_classes == labels).mean()),
            float((float_classes == int8_classes).mean()),
            float(np.abs(float_scores - int8_scores).max()),
        )

    @property
    def drop(self) -> float:
        """Accuracy lost, in percentage points; negative for a gain."""
        return 100 * (self.float_accuracy - self.int8_accuracy)

    def check(self, max_drop: float) -> None:
        """Raise FerError when more than `max_drop` percentage points are lost."""
        lost_faces = round(self.drop * self.faces / 100)  # whole faces, so that rounding of a share cannot decide
        if lost_faces > max_drop * self.faces / 100:
            raise FerError(
                f"int8 loses {self.drop:.2f} points against float ({100 * self.float_accuracy:.2f} % to "
                f"{100 * self.int8_accuracy:.2f} % of {self.faces} faces); --max-drop allows {max_drop:g}"
            )

    def __str__(self) -> str:
        return (
            f"{self.faces} faces: float {100 * self.float_accuracy:.2f} %, int8 {100 * self.int8_accuracy:.2f} %, "
            f"same answer for {100 * self.agreement:.2f} %, probabilities differ by up to {self.largest_difference:.3f}"
        )
