"""What the network is asked to say of each face."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import FaceSet
from fer_data.trained_model import read_trained
from fer_edge.errors import UsageError
from fer_train.batches import probabilities
from fer_train.recipe import Recipe
from fer_train.reopened import is_quantized, reopened


def wanted(faces: FaceSet, recipe: Recipe, teachers: Sequence[Path] = ()) -> NDArray[np.float32]:
    """Targets float32 [N,classes] of the faces: labels or votes, smoothed, softened by teachers, weighted by class.

    With hints they are [N,classes+K]: the hints, times their weight, are a second task. Cross-entropy is linear in the
    targets, so that a weight can stand in them.
    """
    shares = np.eye(len(faces.classes))[faces.labels] if faces.votes is None else faces.votes
    targets = smoothed(shares, recipe.label_smoothing)
    if teachers:
        targets = taught(targets, faces.pixels, [load_teacher(path, faces) for path in teachers], recipe.teacher_weight)
    weights = class_weights(faces.labels, len(faces.classes), recipe.class_weights)
    targets = np.asarray(targets * weights[faces.labels, None], np.float32)
    if faces.hints is not None and recipe.hints_weight:
        targets = np.hstack([targets, np.float32(recipe.hints_weight) * faces.hints])
    return targets


def smoothed(shares: NDArray[np.float64] | NDArray[np.float32], smoothing: float) -> NDArray[np.float32]:
    """Shares [N,classes] less `smoothing` of them, which is spread evenly over all classes."""
    return np.asarray((1 - smoothing) * shares + smoothing / shares.shape[1], np.float32)


def class_weights(labels: NDArray[np.int64], classes: int, strength: float) -> NDArray[np.float64]:
    """A weight for each class, (its count) ** -strength, scaled so that the faces weigh 1 on average."""
    weights = np.maximum(np.bincount(labels, minlength=classes), 1.0) ** -strength
    return np.asarray(weights / weights[labels].mean(), np.float64)


def load_teacher(path: Path, faces: FaceSet) -> keras.Model:
    """A model.keras of an earlier run, a quantized model file, or a shipped model by its name.

    Raises UsageError when it is none of these, or of other classes than the faces.
    """
    if is_quantized(str(path)):
        teacher, file = reopened(str(path))
        classes = file.labels
    else:
        classes, _ = read_trained(path)
        teacher = keras.saving.load_model(path, compile=False)
    if classes != faces.classes:
        raise UsageError(f"--teacher {path}: its classes ({', '.join(classes)}) are not the data's, in their order")
    return teacher


def taught(
    targets: NDArray[np.float32], pixels: NDArray[np.uint8], teachers: Sequence[keras.Model], weight: float
) -> NDArray[np.float32]:
    """Targets that lean with `weight` on what the teachers say of the faces, uint8 [N,48,48], and their mirror images.

    A network that saw all faces knows more of a doubtful one than its single label tells (Furlanello et al.,
    arXiv:1805.04770); several know more than one, and it is their mean that counts (Hinton et al., arXiv:1503.02531).
    They are asked once a face, not once a batch.
    """
    said = np.mean(
        [probabilities(teacher, faces) for teacher in teachers for faces in (pixels, pixels[:, :, ::-1])], axis=0
    )
    return np.asarray((1 - weight) * targets + weight * said, np.float32)
