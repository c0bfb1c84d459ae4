"""Training targets: labels or votes, smoothed and weighted by class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import FaceSet
from fer_train.recipe import Recipe


def make_targets(faces: FaceSet, recipe: Recipe) -> NDArray[np.float32]:
    """The targets of the faces, float32 [N,classes]; with hints [N,classes+K].

    Hints, times their weight, are the targets of a second task. Cross-entropy is linear in the targets, so the class
    weights and that of the second task are part of them.
    """
    shares = np.eye(len(faces.classes))[faces.labels] if faces.votes is None else faces.votes
    targets = smooth(shares, recipe.label_smoothing)
    weights = class_weights(faces.labels, len(faces.classes), recipe.class_weights)
    targets = np.asarray(targets * weights[faces.labels, None], np.float32)
    if faces.hints is not None and recipe.hints_weight:
        targets = np.hstack([targets, np.float32(recipe.hints_weight) * faces.hints])
    return targets


def smooth(shares: NDArray[np.float64] | NDArray[np.float32], smoothing: float) -> NDArray[np.float32]:
    """Label smoothing: move the part `smoothing`, 0..1, of the shares [N,classes] evenly to all classes."""
    return np.asarray((1 - smoothing) * shares + smoothing / shares.shape[1], np.float32)


def class_weights(labels: NDArray[np.int64], classes: int, strength: float) -> NDArray[np.float64]:
    """The weight of each class, (its number of faces) ** -strength, scaled so that the faces weigh 1 on average."""
    weights = np.maximum(np.bincount(labels, minlength=classes), 1.0) ** -strength
    return np.asarray(weights / weights[labels].mean(), np.float64)
