"""fer-train: from faces on disk to a trained model."""

from __future__ import annotations

import dataclasses
import os
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fer_edge import __version__
from fer_edge.dataset import TRAINING, VALIDATION, FaceSet, read_faces, stratified
from fer_edge.errors import EXIT_INTERRUPTED, FerError, MissingExtraError, OneLineParser, UsageError, run_command
from fer_edge.modelfile import read_trained

from .recipe import Recipe


class StoppedError(FerError):
    """The user pressed Ctrl-C."""

    exit_code = EXIT_INTERRUPTED


def main(argv: Sequence[str] | None = None) -> int:
    """Run `fer-train` and return its exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    arguments = _parser().parse_args(argv)
    return run_command("fer-train", lambda: _fit(arguments))


def _parser() -> OneLineParser:
    parser = OneLineParser(prog="fer-train", description=__doc__)
    parser.add_argument("--version", action="version", version=f"fer-train {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=OneLineParser)
    fit = commands.add_parser("fit", help="train a network; call it again with the same --out to go on after a cut")
    fit.add_argument("--data", type=Path, required=True, help="fer2013.csv (emotion,pixels,Usage)")
    fit.add_argument(
        "--out", type=Path, required=True, help="folder of the run: model.keras, history.csv, metrics.json, plots"
    )
    fit.add_argument(
        "--validation",
        default=VALIDATION,
        help="the split to watch, or the share of Training to hold out for it, e.g. 0.1",
    )
    fit.add_argument("--teacher", type=Path, help="model.keras of a run before, whose answers soften the targets")
    recipe = fit.add_argument_group("recipe (train/fer_train/recipe.py says what each one does)")
    for field in dataclasses.fields(Recipe):
        flag = "--" + field.name.replace("_", "-")
        recipe.add_argument(
            flag, type=_reader(field.default), default=field.default, metavar="X", help=f"{field.default}"
        )
    return parser


def _reader(default: Any) -> Callable[[str], Any]:
    """How the text of a flag becomes a value of the kind of its default."""

    def numbers(text: str) -> tuple[int, ...]:
        return tuple(int(part) for part in text.split(","))

    return numbers if isinstance(default, tuple) else type(default)


def _fit(arguments: Namespace) -> int:
    recipe = Recipe(**{field.name: getattr(arguments, field.name) for field in dataclasses.fields(Recipe)})
    faces = read_faces(arguments.data)
    try:
        import keras

        from . import fit, targets
    except ImportError as error:
        raise MissingExtraError("fer-train", "train", error.name) from error

    in_training, in_validation = _parts(faces, arguments.validation, recipe.seed)
    training = faces.only(in_training)
    if len(training) < recipe.batch:
        raise UsageError(f"--batch {recipe.batch}: there are {len(training)} faces to train on; take at most that many")
    wanted = targets.one_hot(training.labels, len(faces.classes), recipe.label_smoothing)
    if arguments.teacher:
        classes, _ = read_trained(arguments.teacher)
        if classes != faces.classes:
            raise UsageError(f"--teacher {arguments.teacher}: its classes ({', '.join(classes)}) are not the data's")
        teacher = keras.saving.load_model(arguments.teacher, compile=False)
        wanted = targets.taught(wanted, training.pixels, teacher, recipe.teacher_weight)
    card = {
        "data": arguments.data.name,
        "faces": len(training),
        "validation": arguments.validation,
        "teacher": str(arguments.teacher) if arguments.teacher else None,
        "recipe": dataclasses.asdict(recipe),
    }
    try:
        fit.fit(training, wanted, faces.only(in_validation), recipe, arguments.out, card)
    except KeyboardInterrupt:
        raise StoppedError("stopped; the same command goes on from the last whole epoch") from None
    return 0


def _parts(faces: FaceSet, validation: str, seed: int) -> tuple[Any, Any]:
    """The masks of the training and of the validation faces."""
    training = faces.splits == TRAINING
    if not training.any():
        raise UsageError(f"--data: no {TRAINING} faces in it; there are {', '.join(faces.split_names())}")
    try:
        fraction = float(validation)
    except ValueError:
        if validation == TRAINING or validation not in faces.split_names():
            raise UsageError(
                f"--validation {validation}: must be a number between 0 and 1, or one of the other splits of "
                f"{', '.join(faces.split_names())}"
            ) from None
        return training, faces.splits == validation
    if not 0 < fraction < 1:
        raise UsageError(f"--validation {validation}: must lie between 0 and 1")
    held_out = training.copy()
    held_out[training] = stratified(faces.labels[training], fraction, seed)
    return training & ~held_out, held_out


if __name__ == "__main__":
    raise SystemExit(main())
