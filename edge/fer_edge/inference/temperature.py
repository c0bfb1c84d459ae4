"""Temperature scaling: probabilities that equal the share of correct answers (Guo et al., arXiv:1706.04599)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HALF_STEP = 1 / 512  # of an 8-bit probability; a smaller one counts as this


def apply_temperature(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Divide the logits by a temperature: the probabilities to the power of 1/temperature, normalised.

    Args:
        probabilities: float32 [...,classes], 0..1.
        temperature: Above 0; less than 1 sharpens the probabilities, more flattens them, 1 returns them unchanged.
    """
    if temperature == 1:
        return probabilities
    ratios = np.maximum(probabilities, HALF_STEP, dtype=np.float64)
    ratios /= ratios.max(axis=-1, keepdims=True)
    powers = ratios ** (1 / temperature)  # a tiny temperature: the greatest becomes 1, the others 0
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
