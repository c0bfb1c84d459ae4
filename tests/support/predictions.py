"""Random labels and the probabilities that a fair classifier gives for them."""

from __future__ import annotations

import numpy as np


def random_predictions(count: int, classes: int, decimals: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities that are higher for them; few decimals give many ties, as an int8 output does."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    logits = rng.normal(0, 1, (count, classes)) + 1.2 * np.eye(classes)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return labels, probabilities.round(decimals).astype(np.float32)
