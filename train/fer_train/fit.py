"""A training run, from faces and a recipe to a folder with the model and its report."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fer_edge.dataset import FaceSet
from fer_edge.errors import FerError, UsageError
from fer_edge.modelfile import LABELS, TRAINING_CARD, append_entries

from .averaging import JudgeAverage, estimate_statistics
from .batches import Batches
from .models import residual
from .recipe import Recipe
from .report import write_report

BACKUP = "backup.weights.h5"


def compile_model(recipe: Recipe, classes: int, steps: int) -> keras.Model:
    """The recipe's network with its optimizer; `steps` is the number of batches in an epoch."""
    model = residual(classes, recipe.widths, recipe.blocks, recipe.dropout)
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
    model.compile(optimizer, keras.losses.CategoricalCrossentropy(), metrics=["accuracy"], jit_compile=_jit_compile())
    model.optimizer.build(model.trainable_variables)
    return model


def _jit_compile() -> bool | str:
    """XLA for TensorFlow on a CPU would trade oneDNN's convolutions for slower ones."""
    on_cpu = keras.backend.backend() == "tensorflow" and not keras.distribution.list_devices("gpu")
    return False if on_cpu else "auto"


class DivergedError(FerError, ArithmeticError):
    """Training has blown up; there is no model to write."""


class Backup(keras.callbacks.Callback):
    """Keeps weights and optimizer of the last whole epoch in one file, which is never half written.

    keras.callbacks.BackupAndRestore writes in place: a run killed just then cannot go on.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        draft = self._path.with_name(f"draft-{self._path.name}")
        self.model.save_weights(draft, overwrite=True)
        draft.replace(self._path)


def _check_same_run(recipe: Recipe, out: Path) -> None:
    """Raises UsageError when `out` holds a run of another recipe; its length alone may differ."""
    saved = out / "recipe.json"
    if not (out / BACKUP).exists() or not saved.exists():
        return
    before, now = json.loads(saved.read_text()), json.loads(json.dumps(dataclasses.asdict(recipe)))
    other = [f"{name} {before.get(name)}" for name in now if name != "epochs" and before.get(name) != now[name]]
    if other:
        raise UsageError(f"--out {out}: holds a run with {', '.join(other)}; go on with that, or take another folder")


def fit(
    training: FaceSet,
    targets: NDArray[np.float32],
    validation: FaceSet,
    recipe: Recipe,
    out: Path,
    card: dict[str, Any],
) -> keras.Model:
    """Train on `training` with `targets` float32 [N,classes], watch `validation`, and write the run into `out`.

    Writes recipe.json, checkpoint.keras (the averaged network after the latest epoch), history.csv, model.keras,
    metrics.json and the plots; model.keras carries the class names and `card`, what it was trained on. A run that was
    cut off goes on from its last whole epoch when it is called again with the same `out`. Returns the averaged network
    of the last epoch: no epoch is chosen by its validation score. Raises UsageError when `out` cannot be a folder, or
    holds a run of another recipe, DivergedError when the loss blows up.
    """
    keras.utils.set_random_seed(recipe.seed)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror}; give a folder that can be made") from error
    _check_same_run(recipe, out)
    recipe.save(out / "recipe.json")
    steps = len(training) // recipe.batch
    model = compile_model(recipe, len(training.classes), steps)
    backup = out / BACKUP
    if backup.exists():
        model.load_weights(backup)
    done = int(model.optimizer.iterations) // steps
    batches = Batches(training.pixels, targets, recipe, epoch=done)
    started = time.monotonic()
    history = model.fit(
        batches,
        initial_epoch=done,
        epochs=recipe.epochs,
        verbose=1 if sys.stdout.isatty() else 2,
        callbacks=[
            JudgeAverage(batches, validation, out / "checkpoint.keras"),
            keras.callbacks.CSVLogger(out / "history.csv", append=True),
            Backup(backup),
            keras.callbacks.TerminateOnNaN(),
        ],
    )
    if not np.isfinite(history.history.get("loss", [0.0])[-1]):
        raise DivergedError(
            f"the loss is no longer a number: lower --learning-rate {recipe.learning_rate}, in another --out"
        )
    model.optimizer.finalize_variable_values(model.trainable_variables)
    estimate_statistics(model, batches)
    model.save(out / "model.keras", include_optimizer=False)
    entries = {LABELS: "".join(f"{name}\n" for name in training.classes), TRAINING_CARD: json.dumps(card, indent=2)}
    append_entries(out / "model.keras", entries)
    write_report(model, validation, out, seconds=time.monotonic() - started)
    return model
