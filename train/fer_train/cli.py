"""fer-train: from faces on disk to a trained model, and why to trust it."""

from __future__ import annotations

import dataclasses
import os
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fer_data.data_source import add_source_flags, source_of
from fer_edge import __version__
from fer_edge.command_line import OneLineParser, run_command
from fer_edge.config.model import SHIPPED, parse_model
from fer_edge.errors import EXIT_INTERRUPTED, FerError, MissingExtraError, UsageError
from fer_train.data import parts
from fer_train.datacli import add_commands
from fer_train.recipe import MODELS, PRECISIONS, Recipe


class StoppedError(FerError):
    """The user pressed Ctrl-C."""

    exit_code = EXIT_INTERRUPTED


def main(argv: Sequence[str] | None = None) -> int:
    """Run `fer-train` and return its exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    arguments = _parser().parse_args(argv)
    return run_command("fer-train", lambda: _run(arguments))


def _run(arguments: Namespace) -> int:
    try:
        return int(arguments.run(arguments))
    except ImportError as error:
        if isinstance(error, FerError):
            raise
        raise MissingExtraError("fer-train", "train", error.name) from error


def _parser() -> OneLineParser:
    parser = OneLineParser(prog="fer-train", description=__doc__)
    parser.add_argument("--version", action="version", version=f"fer-train {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=OneLineParser)
    fit = commands.add_parser("fit", help="train a network; call it again with the same --out to go on after a cut")
    _add_fit_flags(fit)
    fit.set_defaults(run=_fit)

    report = commands.add_parser(
        "report", help="judge a finished run: metrics.json, plots and report.html in its folder"
    )
    report.add_argument("run_folder", type=Path, metavar="RUN", help="the --out of fer-train fit")
    report.add_argument("--split", help="the part of its data to judge it on (what fit watched)")
    report.add_argument("--data", type=Path, help="where its data is now, if it was moved")
    report.add_argument("--out", type=Path, help="another folder to write into")
    report.set_defaults(run=_report)
    add_commands(commands)
    return parser


def _add_fit_flags(fit: OneLineParser) -> None:
    fit.add_argument("--data", type=Path, help="fer2013.csv, icml_face_data.csv, or a folder ROOT/[<split>/]<class>/*")
    add_source_flags(fit)
    fit.add_argument("--out", type=Path, help="folder of the run: model.keras, history.csv, metrics.json, report.html")
    fit.add_argument("--resume", type=Path, metavar="RUN", help="go on with the run in this folder, as it was told")
    fit.add_argument(
        "--validation",
        help="the split to watch, or the share of Training to hold out for it, e.g. 0.2 "
        "(the split validation if there is one, else 0.1)",
    )
    fit.add_argument("--keep-copies", action="store_true", help="train on exact copies of faces of other parts, too")
    fit.add_argument(
        "--teacher",
        type=parse_model,
        action="append",
        default=[],
        metavar="MODEL",
        help="a network whose answers soften the targets: model.keras of an earlier run, a .tflite of fer-convert "
        f"quantize, or one that is shipped ({', '.join(SHIPPED)}); may be repeated",
    )
    fit.add_argument(
        "--folds", type=int, default=0, metavar="K", help="K runs, each judged by another K-th of Training"
    )
    fit.add_argument(
        "--distribute",
        metavar="WHERE",
        help="HOST:PORT,COUNT,INDEX: this is process INDEX of COUNT, the first listens on HOST:PORT; or auto: the "
        "variables KERAS_DISTRIBUTION_*, else all devices of this machine (JAX backend)",
    )
    recipe = fit.add_argument_group("recipe (train/fer_train/recipe.py says what each one does)")
    choices = {"model": MODELS, "precision": PRECISIONS}
    for field in dataclasses.fields(Recipe):
        named = f"; one of {', '.join(choices[field.name])}" if field.name in choices else ""
        flag = "--" + field.name.replace("_", "-")
        recipe.add_argument(flag, type=_kind(field.default), metavar="X", help=f"{field.default}{named}")


def _kind(default: Any) -> Callable[[str], Any]:
    return type(default)


def _fit(arguments: Namespace) -> int:
    recipe = {field.name: getattr(arguments, field.name) for field in dataclasses.fields(Recipe)}
    told = {name: value for name, value in recipe.items() if value is not None}
    if arguments.resume:
        orders, out = _resumed(arguments, told), arguments.resume
    else:
        if not (arguments.data and arguments.out):
            raise UsageError("fit needs --data and --out, or --resume (see fer-train fit --help)")
        orders, out = _orders(arguments, Recipe(**told)), arguments.out
    if arguments.folds and arguments.distribute:
        raise UsageError("--folds: its runs are made one by one, without --distribute")
    processes = _processes(arguments.distribute, orders.recipe.batch)
    faces = orders.source.read()
    try:
        if arguments.folds:
            from fer_train.folds import cross_validate

            scores = cross_validate(orders, faces, arguments.folds, out)
            print(f"{100 * scores.accuracy:.2f} % of {scores.count} faces, none seen in training; {out}/folds.json")
            return 0
        from fer_train.fit import fit
        from fer_train.targets import wanted

        training, watched, copies = parts(faces, orders.validation, orders.recipe.seed, keep_copies=orders.keep_copies)
        if copies:
            print(
                f"{copies} training faces left out: exact copies of faces of another part (--keep-copies)", flush=True
            )
        if len(training) < orders.recipe.batch:
            raise UsageError(
                f"--batch {orders.recipe.batch}: there are {len(training)} faces to train on; take at most that many"
            )
        fit(orders, training, wanted(training, orders.recipe, orders.teachers), watched, out, processes)
    except KeyboardInterrupt:
        raise StoppedError("stopped; the same command goes on from the last whole epoch") from None
    return 0


def _orders(arguments: Namespace, recipe: Recipe) -> Any:
    from fer_train.run import Orders

    source = source_of(arguments)
    return Orders(source, arguments.validation, arguments.keep_copies, tuple(arguments.teacher), recipe)


def _resumed(arguments: Namespace, told: dict[str, Any]) -> Any:
    from fer_train.run import read_orders

    others = ("data", "out", "validation", "keep_copies", "ferplus", "merge", "classes", "teacher", "folds")
    given = [name for name in others if getattr(arguments, name)] + [name for name in told if name != "epochs"]
    if given:
        raise UsageError(
            f"--resume goes on as the run was told; it cannot be told --{given[0].replace('_', '-')} (only --epochs)"
        )
    orders = read_orders(arguments.resume)
    return dataclasses.replace(orders, recipe=dataclasses.replace(orders.recipe, **told))


def _processes(text: str | None, batch: int) -> Any:
    if text is None:
        return None
    from fer_train.distribute import Processes, join

    processes = Processes.parse(text, os.environ)
    processes.check_batch(batch)
    join(processes)
    return processes


def _report(arguments: Namespace) -> int:
    import keras

    from fer_data.output_folder import output_folder
    from fer_train.report import write_report
    from fer_train.run import MODEL, read_orders

    orders = read_orders(arguments.run_folder)
    if not (arguments.run_folder / MODEL).exists():
        raise UsageError(f"{arguments.run_folder}: no {MODEL} in it yet; fer-train fit --resume finishes it")
    source = dataclasses.replace(orders.source, data=arguments.data or orders.source.data)
    faces = source.read()
    if arguments.split:
        judged = faces.split(arguments.split)
    else:
        _, judged, _ = parts(faces, orders.validation, orders.recipe.seed)
    model = keras.saving.load_model(arguments.run_folder / MODEL, compile=False)
    out = arguments.out or arguments.run_folder
    with output_folder(out):
        scores = write_report(model, judged, out, {})
    print(
        f"{100 * scores.accuracy:.2f} % of {scores.count} faces of {', '.join(judged.split_names())}; {out}/report.html"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
