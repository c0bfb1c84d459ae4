"""The exponential moving average (EMA) of the weights, its batch normalisation statistics, and its evaluation."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fer_data.dataset import FaceSet
from fer_train.prediction import probabilities
from fer_train.training.batches import Batches

STATISTICS_BATCHES = 30
JOINED_FACES = 128


def estimate_statistics(model: keras.Model, batches: Batches, count: int = STATISTICS_BATCHES) -> None:
    """Set the moving mean and variance of every batch normalisation to those of the first `count` of `batches`.

    Averaged weights produce other activations than the weights they average; with the old statistics, validation
    accuracy collapses early in training (Izmailov et al., arXiv:1803.05407, section 3.2). The faces are augmented, as
    those that the weights were trained on. Small batches are joined to JOINED_FACES: outside of training the network is
    not compiled, and a call has its cost.
    """
    normalisations = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not normalisations:
        return
    momenta = [layer.momentum for layer in normalisations]
    numbers = np.arange(min(count, batches.steps))
    groups = min(len(numbers), math.ceil(len(numbers) * batches.size / JOINED_FACES))
    for number, group in enumerate(np.array_split(numbers, groups)):
        for layer in normalisations:
            layer.momentum = number / (number + 1)  # a plain mean over the batches
        model(np.concatenate([batches.faces(int(batch)) for batch in group]), training=True)
    for layer, momentum in zip(normalisations, momenta, strict=True):
        layer.momentum = momentum


class EmaEvaluation(keras.callbacks.Callback):
    """Evaluates and saves the model with averaged weights after each epoch; training continues with the raw weights."""

    def __init__(
        self,
        network: keras.Model,
        ema_model: keras.Model,
        batches: Batches,
        validation: FaceSet,
        checkpoint: Path,
        patience: int = 0,
        accuracies: tuple[float, ...] = (),
    ) -> None:
        """Evaluate `ema_model`, into which the averages of `network`, the one in training, are copied.

        Args:
            network: The network in training.
            ema_model: The same network in float32, to hold the averages.
            batches: The training batches, for the statistics of batch normalisation.
            validation: The faces to evaluate on.
            checkpoint: The file to save `ema_model` to: that of the last epoch; with a patience, of the best one.
            patience: Epochs without a better accuracy after which training stops; 0: never.
            accuracies: The accuracies of the epochs before this run was resumed.
        """
        super().__init__()
        self._network, self._ema_model, self._batches, self._validation = network, ema_model, batches, validation
        self._checkpoint, self._patience = checkpoint, patience
        self._accuracies = list(accuracies)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.update(STATISTICS_BATCHES)
        predicted = probabilities(self._ema_model, self._validation.pixels)
        labels = self._validation.labels
        accuracy = float((predicted.argmax(axis=1) == labels).mean())
        best = accuracy > max(self._accuracies, default=-1.0)
        self._accuracies.append(accuracy)
        if best or not self._patience:
            draft = self._checkpoint.with_name(f"draft-{self._checkpoint.name}")
            self._ema_model.save(draft)
            draft.replace(self._checkpoint)
        if self.exhausted:
            self.model.stop_training = True
        if logs is not None:
            likelihood = np.take_along_axis(predicted, labels[:, None], axis=1)
            logs["val_loss"] = float(-np.log(np.maximum(likelihood, 1e-7)).mean())
            logs["val_accuracy"] = accuracy
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)

    @property
    def exhausted(self) -> bool:
        """Whether the patience has been exhausted, also before the run was resumed."""
        if not (self._patience and self._accuracies):
            return False
        return len(self._accuracies) - 1 - int(np.argmax(self._accuracies)) >= self._patience

    def update(self, statistics_batches: int) -> None:
        """Copy the averaged weights into the EMA model and estimate its statistics over as many batches."""
        raw = self.model.get_weights()
        self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
        self._ema_model.set_weights(self._network.get_weights())
        self.model.set_weights(raw)
        estimate_statistics(self._ema_model, self._batches, statistics_batches)
