"""A training run: from faces and a recipe to a folder with the model and its report."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import FaceSet
from fer_data.formatting import counted
from fer_data.temperature import fit_temperature
from fer_data.trained_model import TEMPERATURE, TRAINING_CARD
from fer_edge.errors import FerError, UsageError
from fer_edge.inference.model_file import LABELS, append_entries
from fer_train.architectures.registry import build, rebuild
from fer_train.prediction import probabilities
from fer_train.recipe import NO_WEIGHTS, Recipe
from fer_train.report.run_report import write_report
from fer_train.report.verdict import Judgement
from fer_train.training.batches import Batches
from fer_train.training.callbacks import Backup, DiskSpace, Interruptible, ProgressPage
from fer_train.training.compilation import advance_random_layers, compile_model
from fer_train.training.distribution import Processes, use_data_parallel
from fer_train.training.duration import describe_duration, estimate_epoch
from fer_train.training.ema import EmaEvaluation, Statistics
from fer_train.training.initial_weights import fit_head, load_initial_weights, mix_weights
from fer_train.training.run_folder import (
    BACKUP,
    HISTORY,
    LOGS,
    MODEL,
    RunConfig,
    read_accuracies,
    read_facts,
    read_origins,
)
from fer_train.training.teachers import Teachers, load_teachers

CHECKPOINT = "checkpoint.keras"


class DivergedError(FerError, ArithmeticError):
    """The loss is no longer finite; there is no model to write."""


class FittedRun(NamedTuple):
    """A finished run.

    Attributes:
        model: The averaged network of the last epoch, or the best with a patience.
        judgements: Of its validation faces and its test faces; empty in a process that does not write.
        temperature: Of its probabilities, fitted on the validation faces; 1 in a process that does not write.
    """

    model: keras.Model
    judgements: tuple[Judgement, ...] = ()
    temperature: float = 1.0


def fit(
    config: RunConfig,
    training: FaceSet,
    targets: NDArray[np.float32],
    validation: FaceSet,
    out: Path,
    processes: Processes | None = None,
    *,
    test: FaceSet | None = None,
) -> FittedRun:
    """Train a network; called again with the same `out`, resume an interrupted run from its last complete epoch.

    Writes into `out` run.json, recipe.json, checkpoint.keras (the averaged network after the last epoch, or the best
    with a patience), history.csv, model.keras with the class names and the training card in it, metrics.json, the plots
    and report.html.

    Args:
        config: The configuration of the run.
        training: The faces to train on.
        targets: float32 [N,classes]; with a second task [N,classes+more].
        validation: The faces to evaluate on after each epoch and in the report.
        out: The folder of the run.
        processes: The processes of a distributed run; each calls this function, and the first one writes.
        test: Further faces to judge the finished model on, which no choice of the run depends on.

    Returns:
        The model and what it is worth; without a patience, no epoch is chosen by its validation score.

    Raises:
        UsageError: `out` cannot be a folder, or holds another run; or a teacher cannot be used.
        DivergedError: The loss is no longer finite.
    """
    recipe, first = config.recipe, processes is None or processes.index == 0
    if config.fold:
        faces = f"{counted(len(training), 'face')} to train on, {len(validation):,} held out"
        print(f"{config.fold}: {faces}", flush=True)
    teachers = load_teachers(config.teachers, training.classes, recipe)
    keras.utils.set_random_seed(recipe.seed)
    all_batches = Batches(training.pixels, targets, recipe)
    backup = out / BACKUP
    ema_model = build_initial_model(recipe, training.classes, all_batches, teachers, resumed=backup.exists())
    if first:
        config.save(out, {"training": training.counts(), "validation": validation.counts()})
    if processes:
        use_data_parallel()
    network = rebuild(ema_model, recipe.dropout, recipe.precision, recipe.degrade)
    model = compile_model(network, recipe, targets.shape[1], all_batches.steps, teachers=teachers)
    if backup.exists():
        _load_backup(model, backup)
    done = int(model.optimizer.iterations) // all_batches.steps
    advance_random_layers(model, done * all_batches.steps)
    # Every process writes, as all must do the same with the backend, but the files of the others are discarded.
    folder = out if first else Path(tempfile.mkdtemp(prefix="fer-train-"))
    evaluation = EmaEvaluation(
        network, ema_model, all_batches, validation, folder / CHECKPOINT, recipe.patience, read_accuracies(out)
    )
    evaluation.set_model(model)  # fit does so too, but not for a run that has ended
    started = time.monotonic()
    finished = done >= recipe.epochs or evaluation.exhausted
    if finished and first:
        print(_describe_finished(out, done, recipe), flush=True)
    if not finished:
        history = keras.callbacks.CSVLogger(folder / HISTORY, append=True)
        callbacks = [DiskSpace(folder), evaluation, history, Backup(folder / BACKUP), Interruptible()]
        callbacks += _progress_callbacks(config, out) if first else []
        with closing(_batches(config, training, targets, done, processes)) as batches:
            seconds = estimate_epoch(model, batches, recipe, len(validation))
            if first:
                print(_describe_estimate(config, done, batches.steps, seconds), flush=True)
            _train(model, batches, recipe, done, callbacks, verbose=first)
    evaluation.update(all_batches.steps)
    if recipe.patience:
        ema_model.load_weights(folder / CHECKPOINT)
    _mix_initial(ema_model, recipe, training.classes, all_batches, teachers)
    if not first:
        shutil.rmtree(folder)
        return FittedRun(ema_model)
    temperature = fit_temperature(validation.labels, probabilities(ema_model, validation.pixels))
    _save(ema_model, config, training, temperature, out)
    facts = read_facts(out) if finished else {"seconds": round(time.monotonic() - started)}
    accuracies = read_accuracies(out)
    epoch = 1 + int(np.argmax(accuracies)) if recipe.patience and accuracies else len(accuracies)
    facts |= {"epoch": epoch}
    quantize = config.quantize_command(out)
    judgements = write_report(ema_model, validation, out, facts, test, temperature=temperature, quantize=quantize)
    return FittedRun(ema_model, judgements, temperature)


def _batches(
    config: RunConfig, training: FaceSet, targets: NDArray[np.float32], done: int, processes: Processes | None
) -> Batches:
    """This process's share of the batches after the `done` epochs."""
    share = processes.share if processes else (0, 1)
    return Batches(training.pixels, targets, config.recipe, done, share, config.workers)


def _describe_finished(out: Path, done: int, recipe: Recipe) -> str:
    """That a run which has ended is not trained further, and why."""
    cure = f"more than --epochs {recipe.epochs} continue it" if done >= recipe.epochs else "--patience ended it"
    return f"{out}: the run is finished ({counted(done, 'epoch')}; {cure}), it is only evaluated again"


def _describe_estimate(config: RunConfig, done: int, steps: int, seconds: float) -> str:
    """How long the epochs after the `done` ones take, and those of the further folds, by the seconds of an epoch."""
    epochs = config.recipe.epochs - done
    text = f"{counted(epochs, 'epoch')} of {counted(steps, 'step')}, about {describe_duration(epochs * seconds)}"
    if not config.fold:
        return text
    further = config.fold.count - config.fold.number
    total = describe_duration((epochs + further * config.recipe.epochs) * seconds)
    return f"{config.fold}: {text}" + (f"; with {counted(further, 'further fold')} about {total}" if further else "")


def build_initial_model(
    recipe: Recipe, classes: Sequence[str], batches: Batches, teachers: Teachers | None, *, resumed: bool = False
) -> keras.Model:
    """The network before the first epoch, in float32; that of a resumed run gets its weights from the backup.

    Raises UsageError when the recipe is to keep a share of initial weights and names none.
    """
    if recipe.keep_initial and recipe.weights == NO_WEIGHTS:
        raise UsageError(f"--keep-initial {recipe.keep_initial:g}: needs --weights")
    model = build(recipe.model, len(classes), recipe.dropout)
    if recipe.weights != NO_WEIGHTS and not resumed:
        faces = (batches.faces(number) for number in range(batches.steps))
        load_initial_weights(model, recipe.weights, faces, classes)
        if recipe.head_epochs:
            first_epoch = (batches[number] for number in range(batches.steps))
            taught = ((faces, teachers.mix(faces, targets) if teachers else targets) for faces, targets in first_epoch)
            fit_head(model, taught, recipe.head_epochs, recipe.seed)
    return model


def _mix_initial(
    model: keras.Model, recipe: Recipe, classes: Sequence[str], batches: Batches, teachers: Teachers | None
) -> None:
    """Mix the initial weights into those of the trained network, if the recipe says so."""
    if not recipe.keep_initial:
        return
    initial = build_initial_model(recipe, classes, batches, teachers)
    mix_weights(model, initial, recipe.keep_initial)
    Statistics(model).estimate(batches, batches.steps)


def _load_backup(model: keras.Model, backup: Path) -> None:
    try:
        model.load_weights(backup)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"{backup}: damaged ({reason})", cure="remove it to train anew") from error


def _progress_callbacks(config: RunConfig, out: Path) -> list[keras.callbacks.Callback]:
    tensorboard = [keras.callbacks.TensorBoard(out / LOGS, write_graph=False)] if config.tensorboard else []
    return [ProgressPage(out), *tensorboard]


def _train(
    model: keras.Model, batches: Batches, recipe: Recipe, done: int, callbacks: list[Any], *, verbose: bool
) -> None:
    """Train the epochs after the `done` ones. Raises DivergedError, and FerError when a batch cannot be made."""
    try:
        history = model.fit(
            batches,
            steps_per_epoch=batches.steps,
            initial_epoch=done,
            shuffle=False,  # Batches shuffles, and can resume
            epochs=recipe.epochs,
            verbose=(1 if sys.stdout.isatty() else 2) if verbose else 0,
            callbacks=[*callbacks, keras.callbacks.TerminateOnNaN()],
        )
    except Exception as error:
        if batches.error:
            raise batches.error from error
        raise
    if not np.isfinite(history.history.get("loss", [0.0])[-1]):
        raise DivergedError(
            "the loss is no longer finite", cure=f"lower --learning-rate {recipe.learning_rate}, with another --out"
        )


def _save(model: keras.Model, config: RunConfig, training: FaceSet, temperature: float, out: Path) -> None:
    """Write model.keras with its labels and its training card."""
    settings, origins = config.as_json(), read_origins(out)
    source = settings.pop("source")
    card = {
        **{name: Path(value).name if name in ("data", "ferplus") else value for name, value in source.items() if value},
        **settings,
        "teachers": origins["teachers"],
        "faces": len(training),
        TEMPERATURE: temperature,
        "recipe": {**dataclasses.asdict(config.recipe), "weights": origins["weights"]},
    }
    model.save(out / MODEL)
    entries = {LABELS: "".join(f"{name}\n" for name in training.classes), TRAINING_CARD: json.dumps(card, indent=2)}
    append_entries(out / MODEL, entries)
