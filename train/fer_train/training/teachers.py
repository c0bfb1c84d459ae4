"""Teachers: earlier models whose predictions for the same pixels are part of the targets of each training step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from fer_data.trained_model import read_trained
from fer_edge.errors import UsageError
from fer_train.architectures.registry import rebuild
from fer_train.recipe import Recipe
from fer_train.training.quantized_weights import is_quantized, load_quantized


@dataclass(frozen=True)
class Teachers:
    """Models that predict the faces of each batch as they are augmented for the student.

    A trained network knows more about an ambiguous face than its single label (Furlanello et al., arXiv:1805.04770);
    the mean of several is better than one (Hinton et al., arXiv:1503.02531); and a student that sees the pixels that
    its teachers see gains from every further epoch (Beyer et al., arXiv:2106.05237).

    Attributes:
        models: Networks with the classes of the student, which are not trained.
        weight: The share of their mean prediction in the targets, 0..1.
    """

    models: tuple[keras.Model, ...]
    weight: float

    def mix(self, faces: Any, targets: Any) -> Any:
        """Mix the mean prediction of the teachers into the targets of a batch; works in a compiled step, too.

        Args:
            faces: float32 [batch,48,48,1], as the student gets them.
            targets: float32 [batch,classes]; with a second task [batch,classes+more], of which the rest is kept. The
                targets of a face sum to its weight, which it keeps.

        Returns:
            Targets of the same shape.
        """
        predicted = sum(teacher(faces, training=False) for teacher in self.models) / len(self.models)
        predicted = keras.ops.stop_gradient(predicted)
        labels, further = keras.ops.split(targets, [predicted.shape[-1]], axis=-1)
        weights = keras.ops.sum(labels, axis=-1, keepdims=True)
        labels = (1 - self.weight) * labels + self.weight * weights * predicted
        return keras.ops.concatenate([labels, further], axis=-1)


class TaughtModel(keras.Model):
    """A model to train on targets with the predictions of teachers, which are not among its layers and weights."""

    def __init__(self, inputs: Any, outputs: Any, teachers: Teachers) -> None:
        super().__init__(inputs, outputs)
        self._teachers = teachers

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss of a batch; Keras calls it in each training step, on every backend."""
        return super().compute_loss(x, self._teachers.mix(x, y), y_pred, sample_weight, training)


def load_teachers(paths: Sequence[Path], classes: Sequence[str], recipe: Recipe) -> Teachers | None:
    """Load the teachers of a run, to compute in its precision; None without any.

    Raises UsageError when one is no model of this project, or its classes are not those of the data.
    """
    models = []
    for path in paths:
        teacher = load_teacher(path, classes)
        try:
            model = rebuild(teacher, 0.0, recipe.precision)
        except (StopIteration, ValueError) as error:
            reason = f"its network, {teacher.name}, is none that this version builds"
            raise UsageError(f"--teacher {path}: {reason}", cure="train it again") from error
        model.trainable = False  # so that no backend computes its gradients
        models.append(model)
    return Teachers(tuple(models), recipe.teacher_weight) if models else None


def load_teacher(path: Path, classes: Sequence[str]) -> keras.Model:
    """Load the model.keras of an earlier run, a quantized model file, or a shipped model by its name.

    Raises UsageError when it is none of these, or its classes are not `classes`.
    """
    if is_quantized(str(path)):
        teacher, file = load_quantized(str(path))
        known = file.labels
    else:
        known, _ = read_trained(path)
        teacher = keras.saving.load_model(path, compile=False)
    if known != tuple(classes):
        raise UsageError(f"--teacher {path}: its classes ({', '.join(known)}) are not those of the data in their order")
    return teacher
