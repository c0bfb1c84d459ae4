"""Averaged weights, the batch normalisation statistics that belong to them, and how good they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from fer_data.dataset import FaceSet
from fer_train.batches import Batches, probabilities

STATISTICS_BATCHES = 30


def estimate_statistics(model: keras.Model, batches: Batches, count: int = STATISTICS_BATCHES) -> None:
    """Set the moving mean and variance of every batch normalisation to what `count` of the `batches` give now.

    Averaged weights see other activations than the weights they were averaged from; with the old statistics validation
    accuracy collapses early in training (Izmailov et al., arXiv:1803.05407, section 3.2). The faces are augmented ones,
    as the weights were trained on.
    """
    normalisations = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not normalisations:
        return
    kept = [layer.momentum for layer in normalisations]
    for number in range(min(count, batches.steps)):
        for layer in normalisations:
            layer.momentum = number / (number + 1)  # a plain mean over the batches
        model(batches.faces(number), training=True)
    for layer, momentum in zip(normalisations, kept, strict=True):
        layer.momentum = momentum


class JudgeAverage(keras.callbacks.Callback):
    """After each epoch, judges and saves the averaged network, and lets training go on with the raw one.

    judge: the network that the averages of `network`, the one in training, are copied into. patience: epochs without a
    better accuracy after which training stops, 0 for never; with it, the checkpoint is that of the best epoch.
    """

    def __init__(
        self,
        network: keras.Model,
        judge: keras.Model,
        batches: Batches,
        validation: FaceSet,
        checkpoint: Path,
        patience: int = 0,
        accuracies: tuple[float, ...] = (),
    ) -> None:
        super().__init__()
        self._network, self._judge, self._batches, self._validation = network, judge, batches, validation
        self._checkpoint, self._patience, self._accuracies = checkpoint, patience, list(accuracies)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.take(STATISTICS_BATCHES)
        predicted = probabilities(self._judge, self._validation.pixels)
        labels = self._validation.labels
        accuracy = float((predicted.argmax(axis=1) == labels).mean())
        best = accuracy > max(self._accuracies, default=-1.0)
        self._accuracies.append(accuracy)
        if best or not self._patience:
            draft = self._checkpoint.with_name(f"draft-{self._checkpoint.name}")
            self._judge.save(draft)
            draft.replace(self._checkpoint)
        if self._patience and len(self._accuracies) - 1 - int(np.argmax(self._accuracies)) >= self._patience:
            self.model.stop_training = True
        if logs is not None:
            likelihood = np.take_along_axis(predicted, labels[:, None], axis=1)
            logs["val_loss"] = float(-np.log(np.maximum(likelihood, 1e-7)).mean())
            logs["val_accuracy"] = accuracy
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)

    def take(self, statistics_batches: int) -> None:
        """Copy the averages into the judge, and estimate the statistics that belong to them."""
        raw = self.model.get_weights()
        self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
        self._judge.set_weights(self._network.get_weights())
        self.model.set_weights(raw)
        estimate_statistics(self._judge, self._batches, statistics_batches)
