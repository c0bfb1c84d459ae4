"""fer-train compare: several models side by side."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.config.model import parse_model
from fer_edge.errors import UsageError
from fer_train.commands import DATA, Subparsers
from fer_train.commands.predict import MODEL_HELP

if TYPE_CHECKING:
    from fer_train.evaluation.comparison import Compared


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
    from fer_data.output_folder import check_outside, output_folder

    paths = list(dict.fromkeys(arguments.models))
    if len(paths) < 2:
        raise UsageError(f"compare {paths[0]}: needs at least two models")
    data = arguments.data or _data_of(paths)
    check_outside(data, arguments.out)
    part, models = _compare(paths, data, arguments)
    from fer_train.evaluation.comparison import describe_winner
    from fer_train.evaluation.comparison_page import as_json, table, write_comparison

    with output_folder(arguments.out):
        write_comparison(models, part, arguments.out)
    if arguments.json:
        print(json.dumps(as_json(models, part), indent=1))
    else:
        print(aligned(table(models, part)))
        print(f"\n{describe_winner(models)}\npage: {arguments.out / 'comparison.html'}")
    return 0


def _data_of(paths: list[Path]) -> Path:
    """The data of the first model that is the folder of a run. Raises UsageError when there is none."""
    from fer_train.training.run_folder import read_config

    for path in paths:
        run = path if path.is_dir() else path.parent
        if (run / "run.json").exists():
            return read_config(run).source.data
    raise UsageError("compare: none of the models is in the folder of a run", cure="give --data")


def _compare(paths: list[Path], data: Path, arguments: Namespace) -> tuple[str, list[Compared]]:
    from fer_data.classifiers import KERAS_MODEL, open_classifier

    classifiers = {path: open_classifier(path) for path in sorted(paths, key=lambda path: path.suffix != ".tflite")}
    opened = [classifiers[path] for path in paths]  # TFLite first: its runtime fails when TensorFlow was imported
    from fer_train.evaluation.comparison import Compared, choose_faces, compare, model_cost, read_faces
    from fer_train.training.run_folder import HISTORY, read_facts

    faces = [read_faces(one, data, arguments.ferplus) for one in opened]
    part, names = choose_faces(opened, faces, arguments.split)
    count = Counter(one.name for one in opened)
    models = []
    for path, one, (scores, correct) in zip(paths, opened, compare(opened, faces, names), strict=True):
        file = path / KERAS_MODEL if path.is_dir() else path
        run = file.parent if file.name == KERAS_MODEL else None
        history = run / HISTORY if run and (run / HISTORY).exists() else None
        name = one.name if count[one.name] == 1 else str(path)
        seconds = read_facts(run).get("seconds") if run else None
        cost = model_cost(one.model, file)
        models.append(Compared(name, scores, correct, len(one.labels), cost, seconds, history))
    return part, models
