"""Fitting the temperature that the logits of a classifier are divided by (Guo et al., arXiv:1706.04599)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer_edge.inference.temperature import HALF_STEP

MIN_FACES = 100  # fewer say too little about probabilities
LOWEST, HIGHEST = 0.25, 4.0  # a model that makes no mistake on the faces would get 0
DECIMALS = 3


def fit_temperature(labels: NDArray[np.int64], probabilities: NDArray[np.float32]) -> float:
    """The temperature that makes the probability of a prediction its chance of being correct.

    It maximises the likelihood of which predictions are correct, since the score of the predicted class is what the
    device reports; Guo et al. maximise that of the labels. The faces must not be those that the model was trained on.

    Args:
        labels: int64 [N].
        probabilities: Those of the model without a temperature, float32 [N,classes].

    Returns:
        The temperature; 1 with fewer than MIN_FACES faces.
    """
    from scipy.optimize import minimize_scalar

    if len(labels) < MIN_FACES:
        return 1.0
    correct = probabilities.argmax(axis=1) == labels
    logits = np.sort(np.log(np.maximum(probabilities, HALF_STEP, dtype=np.float64)), axis=1)
    others = logits[:, :-1] - logits[:, -1:]  # relative to the predicted class

    def negative_log_likelihood(log_temperature: float) -> float:
        odds = np.exp(others / np.exp(log_temperature)).sum(axis=1)  # of a mistake
        return float((np.log1p(odds) - np.where(correct, 0.0, np.log(odds))).mean())

    found = minimize_scalar(negative_log_likelihood, bounds=np.log((LOWEST, HIGHEST)), method="bounded")
    return round(float(np.exp(found.x)), DECIMALS)
