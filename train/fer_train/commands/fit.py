"""fer-train fit: train a network, or resume its training."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_data.data_source import parse_source
from fer_data.dataset import TRAINING
from fer_data.formatting import aligned, counted, listed
from fer_data.trained_model import find_trained
from fer_edge.errors import EXIT_INTERRUPTED, FerError, UsageError
from fer_train.commands import Subparsers
from fer_train.commands.ending import print_ending
from fer_train.commands.fit_flags import add_fit_flags
from fer_train.commands.learning_rate import find_learning_rate
from fer_train.recipe import Recipe
from fer_train.training.recipe_defaults import MIN_BATCH, complete_recipe

if TYPE_CHECKING:
    from fer_data.dataset import FaceSet
    from fer_train.training.distribution import Processes
    from fer_train.training.run_folder import RunConfig

FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
UNSAFE_WITH_ONEDNN = {"mini-xception"}  # oneDNN has crashed in its training, with SIGSEGV
FEW_FACES = 10  # of a class to train on
READ_ONLY = {errno.EACCES, errno.EPERM, errno.EROFS}
FIXED_FLAGS = (  # that --resume takes from the run folder
    "data",
    "out",
    "validation",
    "keep_copies",
    "ferplus",
    "merge",
    "classes",
    "teacher",
    "folds",
    "find_learning_rate",
)


class FitInterruptedError(FerError):
    """The user pressed Ctrl-C."""

    exit_code = EXIT_INTERRUPTED


def add_command(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser("fit", help="train a network; the same command again resumes an interrupted run")
    add_fit_flags(parser)
    parser.set_defaults(run=_run)


def _run(arguments: Namespace) -> int:
    _avoid_onednn(arguments)
    config, given, out = _configure(arguments)
    if arguments.folds and arguments.distribute:
        raise UsageError("--folds: its runs are made one by one", cure="leave out --distribute")
    if arguments.find_learning_rate and (arguments.folds or arguments.distribute):
        raise UsageError("--find-learning-rate: is no run", cure="leave out --folds and --distribute")
    if arguments.workers < 0:
        raise UsageError(f"--workers {arguments.workers}: must be at least 0")
    if arguments.tensorboard:
        _require_tensorboard()
    config = dataclasses.replace(config, tensorboard=arguments.tensorboard, workers=arguments.workers)
    processes = _processes(arguments.distribute, arguments.batch)
    faces = config.source.read()
    try:
        with _explain_write_errors(out):
            if arguments.folds:
                _cross_validate(config, given, faces, arguments.folds, out)
            else:
                _fit(config, given, faces, out, processes, find_rate=arguments.find_learning_rate)
    except KeyboardInterrupt:
        raise FitInterruptedError("interrupted", cure="the same command resumes from the last complete epoch") from None
    return 0


def _avoid_onednn(arguments: Namespace) -> None:
    """Switch oneDNN off, before TensorFlow is imported, for a network that it cannot train."""
    model = arguments.model
    if arguments.resume:
        with suppress(OSError, ValueError, LookupError, TypeError):  # reported when the run is read
            model = json.loads((arguments.resume / "recipe.json").read_text())["model"]
    if model in UNSAFE_WITH_ONEDNN:
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")


def _require_tensorboard() -> None:
    try:
        import tensorboard  # noqa: F401  (TensorFlow writes its files, and needs it for that)
    except ImportError:
        raise UsageError("--tensorboard: it is not installed", cure="pip install '.[tensorboard]'") from None


@contextmanager
def _explain_write_errors(out: Path) -> Iterator[None]:
    """Raise a FerError when `out` cannot be written."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FerError):
            raise
        if error.errno in FULL_DISK:
            cure = "free some space; the same command resumes from the last complete epoch"
            raise FerError(f"--out {out}: {os.strerror(error.errno)}", cure=cure) from error
        if error.errno in READ_ONLY:
            cure = "give a folder that can be written"
            raise UsageError(f"--out {out}: {os.strerror(error.errno)}", cure=cure) from error
        raise


def _configure(arguments: Namespace) -> tuple[RunConfig, dict[str, Any] | None, Path]:
    """The configuration of the run, from flags or from the folder to resume, and its folder.

    Between them are the hyper-parameters that were given; the others follow from the faces. For a run that is resumed,
    None: it has them all.
    """
    recipe = {field.name: getattr(arguments, field.name) for field in dataclasses.fields(Recipe)}
    given = {name: value for name, value in recipe.items() if value is not None}
    if arguments.resume:
        return _resume(arguments, given), None, arguments.resume
    if not (arguments.data and arguments.out):
        raise UsageError("fit needs --data and --out, or --resume", cure="see fer-train fit --help")
    source, checked = parse_source(arguments), Recipe(**given)  # before TensorFlow is imported, which takes seconds
    from fer_train.training.run_folder import RunConfig

    teachers = tuple(find_trained(path) for path in arguments.teacher)
    return RunConfig(source, arguments.validation, arguments.keep_copies, teachers, checked), given, arguments.out


def _resume(arguments: Namespace, recipe: dict[str, Any]) -> RunConfig:
    from fer_train.training.run_folder import read_config

    given = [name for name in FIXED_FLAGS if getattr(arguments, name)] + [name for name in recipe if name != "epochs"]
    if given:
        raise UsageError(
            f"--resume keeps the configuration of the run: --{given[0].replace('_', '-')} cannot be given with it "
            "(only --epochs)"
        )
    config = read_config(arguments.resume)
    reasons = {name: reason for name, reason in config.reasons.items() if name not in recipe}
    return dataclasses.replace(config, recipe=dataclasses.replace(config.recipe, **recipe), reasons=reasons)


def _processes(text: str | None, batch: int | None) -> Processes | None:
    if text is None:
        return None
    from fer_train.training.distribution import Processes, check_backend

    processes = Processes.parse(text, os.environ)
    if batch:  # otherwise it follows from the faces
        processes.check_batch(batch)
    check_backend()
    return processes


def _join(processes: Processes, batch: int) -> None:
    """Connect to the other processes, which would wait for one that fails later: so after the data has been read."""
    from fer_train.training.distribution import join

    processes.check_batch(batch)
    join(processes)


def _complete(config: RunConfig, given: dict[str, Any] | None, faces: int, classes: int) -> RunConfig:
    """The configuration with the hyper-parameters that follow from the number of training faces and classes."""
    if given is None:
        return config
    recipe, reasons = complete_recipe(given, faces, classes)
    return dataclasses.replace(config, recipe=recipe, reasons=reasons)


def _summary_by_part(faces: FaceSet, training: FaceSet, validation: FaceSet, copies: int) -> list[tuple[str, str]]:
    """The number of faces of each class to train on, to validate on and of the other splits, then what is left out."""
    others = faces.only(~np.isin(faces.splits, [TRAINING, *validation.split_names()]))
    rows = [row for part in (training, validation, others) for row in part.summary()]
    if copies:
        reason = "exact copies of faces of another split (--keep-copies: train on them, too)"
        rows.append(("left out", f"{counted(copies, 'training face')}: {reason}"))
    return rows


def _print_faces(config: RunConfig, faces: FaceSet, parts: Sequence[tuple[str, str]]) -> None:
    """Print what was read, as `parts` of all `faces`, and the recipe."""
    rows = [("read", str(config.source.data)), *parts, *faces.renamed("total").summary()]
    recipe, reason = config.recipe, config.reasons.get("weights")
    if reason:
        rows.append(("weights", f"{recipe.weights}: {reason}"))
    values = f"batch {recipe.batch}, learning rate {recipe.learning_rate:g}, warm-up {recipe.warmup:g} epochs, "
    values += f"average {recipe.average:g}, augmentation {recipe.augment}"
    rows.append(("recipe", f"{values}; recipe.json gives the reasons"))
    print(aligned(rows), flush=True)


def _warn_of_small_classes(training: FaceSet) -> None:
    counts = np.bincount(training.labels, minlength=len(training.classes))
    few = [f"{name} {count}" for name, count in zip(training.classes, counts, strict=True) if count < FEW_FACES]
    if few:
        text = f"few training faces: {listed(few)}; with fewer than {FEW_FACES} a class is hardly learnt"
        sys.stderr.write(f"fer-train: warning: {text}\n")


def _cross_validate(config: RunConfig, given: dict[str, Any] | None, faces: FaceSet, folds: int, out: Path) -> None:
    from fer_train.training.cross_validation import cross_validate

    training = int((faces.splits == TRAINING).sum()) * (folds - 1) // max(1, folds)
    config = _complete(config, given, max(1, training), len(faces.classes))
    _print_faces(config, faces, faces.summary())
    _warn_of_small_classes(faces.split(TRAINING))
    judgement = cross_validate(config, faces, folds, out)
    following = "the same command without --folds, and with another --out, trains one model on more faces"
    print(aligned([*judgement.rows(), ("page", str(out / "report.html")), ("next", following)]), flush=True)


def _fit(
    config: RunConfig,
    given: dict[str, Any] | None,
    faces: FaceSet,
    out: Path,
    processes: Processes | None,
    *,
    find_rate: bool,
) -> None:
    from fer_train.training.partition import find_test_faces, partition

    seed = config.recipe.seed
    training, validation, copies = partition(faces, config.validation, seed, keep_copies=config.keep_copies)
    config = _complete(config, given, len(training), len(training.classes))
    recipe = config.recipe
    if len(training) < recipe.batch and recipe.batch > MIN_BATCH:
        raise UsageError(
            f"--batch {recipe.batch}: there are {len(training)} faces to train on", cure="give a smaller batch"
        )
    if processes:
        _join(processes, recipe.batch)
    from fer_train.training.fit import fit
    from fer_train.training.targets import make_targets

    targets = make_targets(training, recipe)
    _print_faces(config, faces, _summary_by_part(faces, training, validation, copies))
    _warn_of_small_classes(training)
    if find_rate:
        find_learning_rate(config, training, targets, out)
        return
    test = find_test_faces(faces, validation)
    judgements = fit(config, training, targets, validation, out, processes, test=test).judgements
    if judgements:
        print_ending(config, faces, out, judgements)
