"""The network with its optimizer, loss and metric, ready to be trained."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from fer_train.architectures.degradation import Degradation
from fer_train.recipe import Recipe
from fer_train.training.teachers import TaughtModel, Teachers

MAX_STEPS_PER_EXECUTION = 50


def compile_model(
    network: keras.Model,
    recipe: Recipe,
    targets: int,
    steps: int,
    *,
    teachers: Teachers | None = None,
    schedule: Any = None,
) -> keras.Model:
    """Compile a network.

    With more targets than classes it gets a second softmax head beside the first: a second task on the same features
    (Caruana, Machine Learning 28, 1997), which is not part of `network` itself.

    Args:
        network: The network, float input and softmax output.
        recipe: The optimizer's hyper-parameters.
        targets: The number of target columns.
        steps: The number of batches in an epoch.
        teachers: Teachers whose predictions for each batch are part of its targets.
        schedule: The schedule of the learning rate; None: that of the recipe.
    """
    outputs, classes = network.output, network.output_shape[-1]
    if targets > classes:
        second = keras.layers.Dense(targets - classes, activation="softmax", dtype="float32", name="second")
        outputs = keras.layers.Concatenate(dtype="float32")([outputs, second(network.layers[-1].input)])
    model = TaughtModel(network.input, outputs, teachers) if teachers else keras.Model(network.input, outputs)
    optimizer = _optimizer(recipe, schedule or _schedule(recipe, steps))
    model.compile(
        optimizer,
        cross_entropy,
        metrics=[_accuracy(classes)],
        jit_compile=_jit_compile(),
        steps_per_execution=steps_per_execution(steps),
    )
    model.optimizer.build(model.trainable_variables)
    return model


def _schedule(recipe: Recipe, steps: int) -> Any:
    warmup = round(recipe.warmup * steps)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else recipe.learning_rate,
        decay_steps=max(1, recipe.epochs * steps - warmup),
        warmup_target=recipe.learning_rate if warmup else None,
        warmup_steps=warmup,
    )


def _optimizer(recipe: Recipe, schedule: Any) -> keras.Optimizer:
    optimizer = keras.optimizers.SGD(
        schedule,
        momentum=recipe.momentum,
        nesterov=True,
        weight_decay=recipe.weight_decay,
        use_ema=True,
        ema_momentum=recipe.average,
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def cross_entropy(targets: Any, predicted: Any) -> Any:
    """The cross-entropy of each face, summed over its classes and, if there is one, the second task."""
    return -keras.ops.sum(targets * keras.ops.log(predicted + 1e-7), axis=-1)


def _accuracy(classes: int) -> Any:
    def accuracy(targets: Any, predicted: Any) -> Any:
        correct = keras.ops.argmax(targets[:, :classes], axis=-1) == keras.ops.argmax(predicted[:, :classes], axis=-1)
        return keras.ops.cast(correct, "float32")

    return accuracy


def _jit_compile() -> bool | str:
    """XLA for TensorFlow on a CPU would replace oneDNN's convolutions by slower ones."""
    on_cpu = keras.backend.backend() == "tensorflow" and not keras.distribution.list_devices("gpu")
    return False if on_cpu else "auto"


def steps_per_execution(steps: int) -> int:
    """The steps that are sent to a GPU before their loss is waited for: a divisor of the `steps` of an epoch.

    The GPU waits for Python after each step otherwise. Only on JAX: there the steps remain calls of their own.
    """
    on_cpu = all(device.startswith("cpu") for device in keras.distribution.list_devices())
    if keras.backend.backend() != "jax" or on_cpu:
        return 1
    return max(count for count in range(1, MAX_STEPS_PER_EXECUTION + 1) if steps % count == 0)


def advance_random_layers(model: keras.Model, steps: int) -> None:
    """Advance the random generators of the layers by `steps` batches: a weights file does not hold their state."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout | Degradation) and layer.rate:
            state = layer.seed_generator.state
            state.assign(keras.ops.convert_to_numpy(state) + np.array([0, steps], "uint32"))
