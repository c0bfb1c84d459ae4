"""Training targets: labels or votes, smoothed, weighted by class, and softened by teachers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import FaceSet
from fer_data.trained_model import read_trained
from fer_edge.errors import UsageError
from fer_train.prediction import probabilities
from fer_train.recipe import Recipe
from fer_train.training.quantized_weights import is_quantized, load_quantized


def make_targets(faces: FaceSet, recipe: Recipe, teachers: Sequence[Path] = ()) -> NDArray[np.float32]:
    """The targets of the faces, float32 [N,classes]; with hints [N,classes+K].

    Hints, times their weight, are the targets of a second task. Cross-entropy is linear in the targets, so the class
    weights and that of the second task are part of them.
    """
    shares = np.eye(len(faces.classes))[faces.labels] if faces.votes is None else faces.votes
    targets = smooth(shares, recipe.label_smoothing)
    if teachers:
        models = [load_teacher(path, faces) for path in teachers]
        targets = distill(targets, faces.pixels, models, recipe.teacher_weight)
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


def load_teacher(path: Path, faces: FaceSet) -> keras.Model:
    """Load the model.keras of an earlier run, a quantized model file, or a shipped model by its name.

    Raises UsageError when it is none of these, or its classes are not those of the faces.
    """
    if is_quantized(str(path)):
        teacher, file = load_quantized(str(path))
        classes = file.labels
    else:
        classes, _ = read_trained(path)
        teacher = keras.saving.load_model(path, compile=False)
    if classes != faces.classes:
        raise UsageError(
            f"--teacher {path}: its classes ({', '.join(classes)}) are not those of the data in their order"
        )
    return teacher


def distill(
    targets: NDArray[np.float32], pixels: NDArray[np.uint8], teachers: Sequence[keras.Model], weight: float
) -> NDArray[np.float32]:
    """Mix the targets with the mean prediction of the teachers for the faces and their mirror images.

    A trained network knows more about an ambiguous face than its single label (Furlanello et al., arXiv:1805.04770);
    the mean of several is better than one (Hinton et al., arXiv:1503.02531). Predictions are made once for each face,
    not for each batch.

    Args:
        targets: float32 [N,classes].
        pixels: The faces, uint8 [N,48,48].
        teachers: Models with the same classes.
        weight: The share of the teachers, 0..1.
    """
    predicted = np.mean(
        [probabilities(teacher, faces) for teacher in teachers for faces in (pixels, pixels[:, :, ::-1])], axis=0
    )
    return np.asarray((1 - weight) * targets + weight * predicted, np.float32)
