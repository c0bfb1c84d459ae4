"""The exponential moving average (EMA) of the weights, its batch normalisation statistics, and its evaluation."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fer_data.dataset import FaceSet
from fer_train.prediction import compile_call, probabilities
from fer_train.training.batches import Batches

STATISTICS_BATCHES = 30
JOINED_FACES = 128


class Statistics:
    """The moving means and variances of the batch normalisations of a network, estimated for the weights that it has.

    Averaged weights produce other activations than the weights they average; with the old statistics, validation
    accuracy collapses early in training (Izmailov et al., arXiv:1803.05407, section 3.2). The faces are augmented, as
    those that the weights were trained on.
    """

    def __init__(self, model: keras.Model) -> None:
        self._layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
        self._call = compile_call(model, training=True)

    def estimate(self, batches: Batches, count: int = STATISTICS_BATCHES) -> None:
        """Set them to the means over the first `count` of `batches`.

        Small batches are joined to JOINED_FACES: a call has its cost, whatever it computes.
        """
        if not self._layers:
            return
        momenta = [layer.momentum for layer in self._layers]
        for layer in self._layers:
            layer.momentum = 0.0  # a call leaves the statistics of its own faces
        numbers = np.arange(min(count, batches.steps))
        groups = min(len(numbers), math.ceil(len(numbers) * batches.size / JOINED_FACES))
        sums = [np.zeros(variable.shape) for variable in self._variables]
        for group in np.array_split(numbers, groups):
            self._call(np.concatenate([batches.faces(int(batch)) for batch in group]))
            for total, variable in zip(sums, self._variables, strict=True):
                np.add(total, keras.ops.convert_to_numpy(variable), out=total)
        for total, variable in zip(sums, self._variables, strict=True):
            variable.assign(total / groups)
        for layer, momentum in zip(self._layers, momenta, strict=True):
            layer.momentum = momentum

    @property
    def _variables(self) -> list[Any]:
        return [variable for layer in self._layers for variable in (layer.moving_mean, layer.moving_variance)]


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
        self._predict, self._statistics = compile_call(ema_model), Statistics(ema_model)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.update(STATISTICS_BATCHES)
        predicted = probabilities(self._predict, self._validation.pixels)
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
        self._statistics.estimate(self._batches, statistics_batches)
