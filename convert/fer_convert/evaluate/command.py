"""fer-convert evaluate: the accuracy of model files, side by side."""

from __future__ import annotations

import argparse
import json
import sys
from argparse import Namespace
from functools import partial
from pathlib import Path

from fer_convert.data_flags import add_data_flags, read_faces_for
from fer_convert.evaluate.candidates import evaluate_all, unique_names
from fer_convert.evaluate.comparison import Comparison
from fer_convert.model_flags import add_model_flags, read_models
from fer_data.classifiers import float_classifier, quantized_classifier
from fer_data.output_folder import check_outside, output_folder
from fer_edge.command_line import OneLineParser

PLOTS = """
![Confusion matrices](confusion.png)

![Recall of each class](recall.png)

![Accuracy by the share of faces that get an answer](risk_coverage.png)
"""


def add_command(commands: argparse._SubParsersAction[OneLineParser]) -> None:
    """Register `evaluate`."""
    command = commands.add_parser("evaluate", help="accuracy of model files, measured with the device's own classifier")
    add_model_flags(command)
    add_data_flags(command, "a csv or a folder, as for fer-train")
    command.add_argument("--split", help="the part of the data to evaluate on (PublicTest, test or validation)")
    command.add_argument("--float", type=Path, metavar="MODEL.KERAS", help="the float model to compare with")
    command.add_argument("--out", type=Path, help="folder for evaluation.md, evaluation.json and plots")
    command.set_defaults(run=_run)


def _run(arguments: Namespace) -> int:
    if arguments.out:
        from fer_convert.evaluate.plots import write_plots  # a missing package is reported before the evaluation

        check_outside(arguments.data, arguments.out)
    comparison = _compare(arguments)
    numbers, page = json.dumps(comparison.as_json(), indent=1) + "\n", comparison.as_markdown()
    if arguments.out:
        with output_folder(arguments.out):
            (arguments.out / "evaluation.json").write_text(numbers)
            (arguments.out / "evaluation.md").write_text(page + PLOTS)
            write_plots(comparison, arguments.out)
    sys.stdout.write(numbers if arguments.json else page)
    return 0


def _compare(arguments: Namespace) -> Comparison:
    models = read_models(arguments)
    candidates = [
        quantized_classifier(model, name, arguments.runtime)
        for model, name in zip(models, unique_names(models), strict=True)
    ]
    if arguments.float:
        candidates.append(float_classifier(arguments.float, "float"))
    split, results = evaluate_all(candidates, partial(read_faces_for, arguments), arguments.split)
    reference = results.pop() if arguments.float else None
    return Comparison(arguments.data.name, split, tuple(results), reference)
