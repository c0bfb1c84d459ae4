"""fer-train report: the report on a finished run, made again."""

from __future__ import annotations

import dataclasses
from argparse import Namespace
from pathlib import Path

from fer_edge.errors import UsageError
from fer_train.commands import Subparsers
from fer_train.commands.ending import print_ending


def add_command(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "report", help="evaluate a finished run again: metrics.json, plots and report.html in its folder"
    )
    parser.add_argument("run_folder", type=Path, metavar="RUN", help="the --out of fer-train fit")
    parser.add_argument("--split", help="the split to evaluate on (default: its validation and its test faces)")
    parser.add_argument("--data", type=Path, help="where its data is now, if it was moved")
    parser.add_argument("--out", type=Path, help="another folder to write into")
    parser.set_defaults(run=_run)


def _run(arguments: Namespace) -> int:
    import keras

    from fer_data.output_folder import output_folder
    from fer_data.trained_model import TEMPERATURE, read_trained
    from fer_train.report.run_report import write_report
    from fer_train.training.partition import find_test_faces, partition
    from fer_train.training.run_folder import MODEL, read_config, read_facts

    config = read_config(arguments.run_folder)
    if not (arguments.run_folder / MODEL).exists():
        raise UsageError(
            f"{arguments.run_folder}: no {MODEL} in it yet", cure="fer-train fit --resume finishes the run"
        )
    _, card = read_trained(arguments.run_folder / MODEL)  # Keras would not report damage in one line
    source = dataclasses.replace(config.source, data=arguments.data or config.source.data)
    config, faces = dataclasses.replace(config, source=source), source.read()
    if arguments.split:
        chosen, test = faces.split(arguments.split), None
    else:
        chosen = partition(faces, config.validation, config.recipe.seed).validation
        test = find_test_faces(faces, chosen)
    model = keras.saving.load_model(arguments.run_folder / MODEL, compile=False)
    out, temperature = arguments.out or arguments.run_folder, float(card.get(TEMPERATURE, 1.0))
    with output_folder(out):
        facts, quantize = read_facts(arguments.run_folder), config.quantize_command(arguments.run_folder)
        judgements = write_report(model, chosen, out, facts, test, temperature=temperature, quantize=quantize)
    print_ending(config, faces, arguments.run_folder, judgements, out)
    return 0
