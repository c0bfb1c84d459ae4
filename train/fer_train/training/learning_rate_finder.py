"""The learning rate range test: a few steps at rising rates (Smith, WACV 2017, arXiv:1506.01186)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from fer_train.recipe import Recipe
from fer_train.training.batches import Batches
from fer_train.training.compilation import compile_model
from fer_train.training.teachers import Teachers

LOWEST, HIGHEST = 1e-4, 10.0
STEPS = 200
DIVERGED = 4.0  # times the least loss, from which on further steps show nothing
SMOOTHING = 8.0  # steps, the standard deviation of the moving average of the loss
TOLERANCE = 1.03  # times the least moving average, above which the loss is rising
FALL = 0.97  # of the first moving average, to which the loss has to fall somewhere
MARGIN = 3.0  # by which the suggested rate is below the one from which on the loss rises


@dataclass(frozen=True)
class Sweep:
    """The losses of single steps at rising learning rates.

    Attributes:
        rates: float64 [steps], rising by the same factor from step to step.
        losses: float64 [steps], of the batch of each step, finite.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]

    @property
    def smoothed(self) -> NDArray[np.float64]:
        """The moving average of the losses, with Gaussian weights."""
        steps = np.arange(len(self.losses))
        weights = np.exp(-(((steps[:, None] - steps) / SMOOTHING) ** 2) / 2)
        return np.asarray(weights @ self.losses / weights.sum(axis=1))

    @property
    def suggested(self) -> float | None:
        """A peak learning rate, well below the one from which on the loss rises; with two significant digits.

        None if the loss does not fall at any rate, as with a network that is trained already.
        """
        smoothed = self.smoothed
        least = int(smoothed.argmin())
        if smoothed[least] > FALL * smoothed[0]:
            return None
        rising = np.flatnonzero(smoothed[least:] > TOLERANCE * smoothed[least])
        edge = self.rates[least + rising[0]] if len(rising) else self.rates[-1]
        return float(f"{edge / MARGIN:.1e}")


def sweep_learning_rate(
    network: keras.Model, recipe: Recipe, batches: Batches, targets: int, teachers: Teachers | None
) -> Sweep:
    """Train `network` for STEPS steps from LOWEST to HIGHEST, or until the loss has diverged; its weights are spoilt.

    Args:
        network: The network as it would be trained.
        recipe: The optimizer's hyper-parameters.
        batches: The training batches.
        targets: The number of target columns.
        teachers: The teachers of the run, if it has any.
    """
    schedule = keras.optimizers.schedules.ExponentialDecay(LOWEST, STEPS, HIGHEST / LOWEST)
    model = compile_model(network, recipe, targets, batches.steps, teachers=teachers, schedule=schedule)
    rates, losses = LOWEST * (HIGHEST / LOWEST) ** (np.arange(STEPS) / STEPS), []
    for step in range(STEPS):
        model.reset_metrics()
        loss = float(model.train_on_batch(*batches[step % len(batches)], return_dict=True)["loss"])
        if not math.isfinite(loss):
            break
        losses.append(loss)
        if loss > DIVERGED * min(losses):
            break
    return Sweep(rates[: len(losses)], np.array(losses))
