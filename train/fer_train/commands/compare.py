"""fer-train compare: several models side by side."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.config.model import parse_model
from fer_edge.errors import DataError, UsageError
from fer_train.commands import DATA, Subparsers
from fer_train.commands.predict import MODEL_HELP

if TYPE_CHECKING:
    from fer_data.classifiers import Classifier
    from fer_train.evaluation.comparison import Compared, Comparison, Judged


def add_command(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser("compare", help="judge several models on the same faces, side by side")
    parser.add_argument("models", type=parse_model, nargs="+", metavar="RUN", help=f"{MODEL_HELP}; at least two")
    parser.add_argument("--data", type=Path, help=f"{DATA} (default: the data of the first run)")
    parser.add_argument("--ferplus", type=Path, metavar="CSV", help="fer2013new.csv: use its votes as labels")
    parser.add_argument(
        "--split", help="the split to judge on (default: a test split, else the faces that all of the models held out)"
    )
    parser.add_argument("--out", type=Path, default=Path("comparison"), help="folder for comparison.html (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=_run)


def _run(arguments: Namespace) -> int:
    import json

    from fer_data.formatting import aligned
    from fer_data.output_folder import output_folder

    paths = list(dict.fromkeys(arguments.models))
    if len(paths) < 2:
        raise UsageError(f"compare {paths[0]}: needs at least two models")
    comparison = _compare(paths, arguments)
    from fer_train.evaluation.comparison_page import as_json, table, write_comparison
    from fer_train.evaluation.winner import describe_winner

    with output_folder(arguments.out):
        write_comparison(comparison, arguments.out)
    if arguments.json:
        print(json.dumps(as_json(comparison), indent=1))
    else:
        print(aligned(table(comparison)), "", *describe_winner(comparison), sep="\n")
        print(f"page: {arguments.out / 'comparison.html'}")
    return 0


def _data_of(paths: list[Path]) -> Path:
    """The data of the first model that is the folder of a run. Raises UsageError when there is none."""
    from fer_train.training.run_folder import read_config

    for path in paths:
        run = path if path.is_dir() else path.parent
        if (run / "run.json").exists():
            return read_config(run).source.data
    raise UsageError("compare: none of the models is in the folder of a run", cure="give --data")


def _compare(paths: list[Path], arguments: Namespace) -> Comparison:
    from fer_data.classifiers import open_classifier
    from fer_data.output_folder import check_outside

    classifiers = {path: open_classifier(path) for path in sorted(paths, key=lambda path: path.suffix != ".tflite")}
    opened = [classifiers[path] for path in paths]  # TFLite first: its runtime fails when TensorFlow was imported
    from fer_train.evaluation.comparison import Comparison

    data = arguments.data or _data_of(paths)
    check_outside(data, arguments.out)
    part, judged, reason = _judge(opened, data, arguments)
    count = Counter(one.name for one in opened)
    models = [
        _describe(one if count[one.name] == 1 else replace(one, name=str(path)), path, result)
        for path, one, result in zip(paths, opened, judged, strict=True)
    ]
    if not part and sum(model.recorded is not None for model in models) < 2:
        raise UsageError(f"compare: {reason}", cure="give --data, or --split")
    return Comparison(models, part, reason)


def _judge(models: list[Classifier], data: Path, arguments: Namespace) -> tuple[str, list[Judged | None], str]:
    """Judge the models on the same faces.

    Returns:
        The name of the part of the data; the result of each model; and, if there are no faces for all of them though
        the user named none, why, in place of the results.
    """
    from fer_train.evaluation.comparison import choose_faces, compare, read_faces

    try:
        faces = [read_faces(model, data, arguments.ferplus) for model in models]
        part, names = choose_faces(models, faces, data.name, arguments.split)
    except (DataError, UsageError) as error:
        if arguments.data or arguments.split:
            raise
        return "", [None] * len(models), error.message
    return part, [*compare(models, faces, names)], ""


def _describe(model: Classifier, path: Path, judged: Judged | None) -> Compared:
    """A model with what its run or its card records."""
    from fer_data.trained_model import KERAS_MODEL
    from fer_train.evaluation.comparison import Compared, model_cost
    from fer_train.evaluation.recorded import read_recorded
    from fer_train.training.run_folder import HISTORY, read_facts

    file = path / KERAS_MODEL if path.is_dir() else path
    run = file.parent if file.name == KERAS_MODEL else None
    return Compared(
        model.name,
        len(model.labels),
        model_cost(model.model, file),
        judged,
        read_recorded(model, run),
        model.training.get("data"),
        read_facts(run).get("seconds") if run else None,
        run / HISTORY if run and (run / HISTORY).exists() else None,
    )
