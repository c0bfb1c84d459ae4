"""The temperature of a model, and how far its scores are from the share of correct answers without and with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_data.calibration import calibrate
from fer_data.formatting import percent
from fer_data.temperature import fit_temperature
from fer_edge.inference.temperature import apply_temperature


@dataclass(frozen=True)
class TemperatureFit:
    """A temperature fitted on faces. The errors are expected calibration errors (ECE), 0..1.

    Attributes:
        faces: The number of faces.
        temperature: Fitted on all of them.
        ece_before: The error on all of them without a temperature.
        ece: The error on all of them with it.
        ece_halves: The errors on the odd faces with a temperature fitted on the even ones, and the other way round.
        ece_exact: The mean error that exact probabilities would have on as many faces.
    """

    faces: int
    temperature: float
    ece_before: float
    ece: float
    ece_halves: tuple[float, float]
    ece_exact: float

    @classmethod
    def of(cls, labels: NDArray[np.int64], probabilities: NDArray[np.float32]) -> TemperatureFit:
        """Fit it on faces with labels [N] and the probabilities [N,classes] of the model without a temperature."""

        def error_of_other(half: NDArray[np.bool_]) -> float:
            tempered = apply_temperature(probabilities[~half], fit_temperature(labels[half], probabilities[half]))
            return calibrate(labels[~half], tempered).ece

        temperature = fit_temperature(labels, probabilities)
        fitted = calibrate(labels, apply_temperature(probabilities, temperature))
        even = np.arange(len(labels)) % 2 == 0
        halves = error_of_other(even), error_of_other(~even)
        return cls(len(labels), temperature, calibrate(labels, probabilities).ece, fitted.ece, halves, fitted.ece_exact)

    def __str__(self) -> str:
        first, second = (percent(error, 2) for error in self.ece_halves)
        return (
            f"{self.faces} faces: temperature {self.temperature:g}; ECE {percent(self.ece_before, 2)} without it, "
            f"{percent(self.ece, 2)} with it; fitted on one half and measured on the other: {first} and {second}; "
            f"exact scores would have {percent(self.ece_exact, 2)} on average"
        )
