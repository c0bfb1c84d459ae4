"""Averaged weights, and the batch normalisation statistics that belong to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from fer_edge.dataset import FaceSet

from .batches import Batches, probabilities

STATISTICS_BATCHES = 80


def estimate_statistics(model: keras.Model, batches: Batches) -> None:
    """Set the moving mean and variance of every batch normalisation to what `batches` give now.

    Averaged weights see other activations than the weights they were averaged from; with the old statistics validation
    accuracy collapses early in training (Izmailov et al., arXiv:1803.05407, section 3.2). The faces are augmented ones,
    as the weights were trained on.
    """
    normalisations = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    kept = [layer.momentum for layer in normalisations]
    for number in range(min(STATISTICS_BATCHES, len(batches))):
        for layer in normalisations:
            layer.momentum = number / (number + 1)  # a plain mean over the batches
        model(batches[number][0], training=True)
    for layer, momentum in zip(normalisations, kept, strict=True):
        layer.momentum = momentum


class JudgeAverage(keras.callbacks.Callback):
    """After each epoch, judge and save the averaged network, and go on training with the raw one."""

    def __init__(self, batches: Batches, validation: FaceSet, checkpoint: Path) -> None:
        super().__init__()
        self._batches, self._validation, self._checkpoint = batches, validation, checkpoint

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        raw = self.model.get_weights()
        self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
        estimate_statistics(self.model, self._batches)
        predicted = probabilities(self.model, self._validation.pixels)
        self.model.save(self._checkpoint, include_optimizer=False)
        self.model.set_weights(raw)
        if logs is not None:
            labels = self._validation.labels
            likelihood = np.take_along_axis(predicted, labels[:, None], axis=1)
            logs["val_loss"] = float(-np.log(np.maximum(likelihood, 1e-7)).mean())
            logs["val_accuracy"] = float((predicted.argmax(axis=1) == labels).mean())
