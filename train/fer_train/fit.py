"""A training run, from faces and a recipe to a folder with the model and its report."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import FaceSet
from fer_data.trained_model import TRAINING_CARD
from fer_edge.errors import FerError
from fer_edge.inference.model_file import LABELS, append_entries
from fer_train.architectures import build
from fer_train.averaging import JudgeAverage
from fer_train.batches import Batches
from fer_train.distribute import Processes, spread
from fer_train.pretrained import NO_WEIGHTS, fit_head, start_from
from fer_train.recipe import Recipe
from fer_train.report import write_report
from fer_train.run import BACKUP, HISTORY, MODEL, Backup, Interruptible, Orders, accuracies, origins_of

CHECKPOINT = "checkpoint.keras"


class DivergedError(FerError, ArithmeticError):
    """Training has blown up; there is no model to write."""


def fit(
    orders: Orders,
    training: FaceSet,
    targets: NDArray[np.float32],
    validation: FaceSet,
    out: Path,
    processes: Processes | None = None,
) -> keras.Model:
    """Train on `training` with `targets` float32 [N,classes] or, with a second task, [N,classes+more].

    Watches `validation` and writes into `out` run.json, recipe.json, checkpoint.keras (the averaged network after the
    latest epoch, or the best with patience), history.csv, model.keras, metrics.json, the plots and report.html;
    model.keras carries the class names and what it was trained on. A run that was cut off goes on from its last whole
    epoch when it is called again with the same `out`. Returns the averaged network of the last epoch: no epoch is
    chosen by its validation score, unless the recipe has a patience. With `processes`, all of them call this alike, and
    the first writes. Raises UsageError when `out` cannot be a folder, or holds another run, DivergedError when the loss
    blows up.
    """
    recipe, first = orders.recipe, processes is None or processes.index == 0
    keras.utils.set_random_seed(recipe.seed)
    whole = Batches(training.pixels, targets, recipe)
    backup = out / BACKUP
    judge = _start(recipe, len(training.classes), whole, fresh=not backup.exists())
    if first:
        orders.save(out)
    if processes:
        spread()
    network = _network(judge, recipe)
    model = compile_model(network, recipe, targets.shape[1], whole.steps)
    if backup.exists():
        model.load_weights(backup)
    done = int(model.optimizer.iterations) // whole.steps
    _skip_dropout(model, done * whole.steps)
    batches = Batches(training.pixels, targets, recipe, done, processes.share if processes else (0, 1))
    # Every process writes, as all must do the same with the backend, but what the others write is thrown away.
    kept = out if first else Path(tempfile.mkdtemp(prefix="fer-train-"))
    average = JudgeAverage(network, judge, whole, validation, kept / CHECKPOINT, recipe.patience, accuracies(out))
    average.set_model(model)  # fit does so too, but not for a run that has ended
    started = time.monotonic()
    if done < recipe.epochs:
        history = keras.callbacks.CSVLogger(kept / HISTORY, append=True)
        callbacks = [average, history, Backup(kept / BACKUP), Interruptible()]
        _train(model, batches, recipe, done, callbacks, told=first)
    average.take(whole.steps)
    if recipe.patience:
        judge.load_weights(kept / CHECKPOINT)
    if first:
        _save(judge, orders, training, out)
        write_report(judge, validation, out, {"seconds": round(time.monotonic() - started)})
    else:
        shutil.rmtree(kept)
    return judge


def _train(
    model: keras.Model, batches: Batches, recipe: Recipe, done: int, callbacks: list[Any], *, told: bool
) -> None:
    """Fit all epochs after the `done` ones, and tell of it. Raises DivergedError."""
    history = model.fit(
        batches,
        steps_per_epoch=batches.steps,
        initial_epoch=done,
        shuffle=False,  # Batches does it, and knows how to go on
        epochs=recipe.epochs,
        verbose=(1 if sys.stdout.isatty() else 2) if told else 0,
        callbacks=[*callbacks, keras.callbacks.TerminateOnNaN()],
    )
    if not np.isfinite(history.history.get("loss", [0.0])[-1]):
        raise DivergedError(
            f"the loss is no longer a number: lower --learning-rate {recipe.learning_rate}, in another --out"
        )


def _start(recipe: Recipe, classes: int, batches: Batches, *, fresh: bool) -> keras.Model:
    """The network as it is before the first epoch, in float32."""
    judge = build(recipe.model, classes, recipe.dropout)
    if recipe.weights != NO_WEIGHTS and fresh:
        start_from(judge, recipe.weights, (batches.faces(number) for number in range(batches.steps)))
    if recipe.weights != NO_WEIGHTS and fresh and recipe.head_epochs:
        fit_head(judge, (batches[number] for number in range(batches.steps)), recipe.head_epochs, recipe.seed)
    return judge


def _network(judge: keras.Model, recipe: Recipe) -> keras.Model:
    """The network to train: that of the recipe in its precision, with the weights of `judge`, which is in float32."""
    keras.config.set_dtype_policy(recipe.precision)
    try:
        network = build(recipe.model, judge.output_shape[-1], recipe.dropout)
    finally:
        keras.config.set_dtype_policy("float32")
    network.set_weights(judge.get_weights())
    return network


def _skip_dropout(model: keras.Model, steps: int) -> None:
    """Put the random numbers of dropout, which a file of weights does not hold, where `steps` batches leave them."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout) and layer.rate:
            state = layer.seed_generator.state
            state.assign(keras.ops.convert_to_numpy(state) + np.array([0, steps], "uint32"))


def compile_model(network: keras.Model, recipe: Recipe, targets: int, steps: int) -> keras.Model:
    """The network with its optimizer; `steps` is the number of batches in an epoch.

    With more `targets` than classes it gets a second head for the others, softmax as well, beside the first: a second
    task on the same features (Caruana, Machine Learning 28, 1997), which is not part of `network` itself.
    """
    outputs, classes = network.output, network.output_shape[-1]
    if targets > classes:
        second = keras.layers.Dense(targets - classes, activation="softmax", dtype="float32", name="second")
        outputs = keras.layers.Concatenate(dtype="float32")([outputs, second(network.layers[-1].input)])
    model = keras.Model(network.input, outputs)
    warmup = round(recipe.warmup * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else recipe.learning_rate,
        decay_steps=max(1, recipe.epochs * steps - warmup),
        warmup_target=recipe.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    optimizer = keras.optimizers.SGD(
        rate,
        momentum=recipe.momentum,
        nesterov=True,
        weight_decay=recipe.weight_decay,
        use_ema=True,
        ema_momentum=recipe.average,
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    model.compile(optimizer, cross_entropy, metrics=[_accuracy(classes)], jit_compile=_jit_compile())
    model.optimizer.build(model.trainable_variables)
    return model


def cross_entropy(wanted: Any, said: Any) -> Any:
    """The sum over all columns: of the classes, and of the second task when there is one."""
    return -keras.ops.sum(wanted * keras.ops.log(said + 1e-7), axis=-1)


def _accuracy(classes: int) -> Any:
    def accuracy(wanted: Any, said: Any) -> Any:
        hit = keras.ops.argmax(wanted[:, :classes], axis=-1) == keras.ops.argmax(said[:, :classes], axis=-1)
        return keras.ops.cast(hit, "float32")

    return accuracy


def _jit_compile() -> bool | str:
    """XLA for TensorFlow on a CPU would trade oneDNN's convolutions for slower ones."""
    on_cpu = keras.backend.backend() == "tensorflow" and not keras.distribution.list_devices("gpu")
    return False if on_cpu else "auto"


def _save(judge: keras.Model, orders: Orders, training: FaceSet, out: Path) -> None:
    told, origins = orders.as_json(), origins_of(out)
    source = told.pop("source")
    card = {
        **{name: Path(value).name if name in ("data", "ferplus") else value for name, value in source.items() if value},
        **told,
        "teachers": origins["teachers"],
        "faces": len(training),
        "recipe": {**dataclasses.asdict(orders.recipe), "weights": origins["weights"]},
    }
    judge.save(out / MODEL)
    entries = {LABELS: "".join(f"{name}\n" for name in training.classes), TRAINING_CARD: json.dumps(card, indent=2)}
    append_entries(out / MODEL, entries)
