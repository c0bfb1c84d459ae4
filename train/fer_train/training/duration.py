"""An estimate of how long a run takes, from a few steps before its first epoch."""

from __future__ import annotations

import time
from typing import Any

import keras

from fer_train.recipe import Recipe
from fer_train.training.batches import Batches
from fer_train.training.ema import STATISTICS_BATCHES

TIMED_STEPS = 3
INFERENCE_SHARE = 1 / 3  # of the time of a training step, which also computes gradients


class _StepTimer(keras.callbacks.Callback):
    """Measures the time from the end of the first batch, which compiles the network, to the end of the last."""

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.ends: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.ends.append(time.monotonic())


def estimate_epoch(model: keras.Model, batches: Batches, recipe: Recipe, validation: int) -> float:
    """The estimated seconds of an epoch with its evaluation; the state of `model` stays as it is.

    Args:
        model: The compiled network.
        batches: The training batches.
        recipe: The batch size.
        validation: The number of validation faces.
    """
    variables = [*model.variables, *model.optimizer.variables]
    state = [keras.ops.convert_to_numpy(variable.value) for variable in variables]
    timer = _StepTimer()
    together = int(model.steps_per_execution)
    steps = min((1 + TIMED_STEPS) * together, len(batches))
    model.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[timer])
    for variable, value in zip(variables, state, strict=True):
        variable.assign(value)
    step = (timer.ends[-1] - timer.ends[0]) / (together * max(1, len(timer.ends) - 1))
    statistics = min(STATISTICS_BATCHES, batches.steps)  # not compiled, they take as long as a step
    return step * (batches.steps + statistics + INFERENCE_SHARE * validation / recipe.batch)


def describe_duration(seconds: float) -> str:
    """A time of a run in words: `40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
