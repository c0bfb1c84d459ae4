"""The commands of fer-convert that tell what a model file is worth: evaluate and latency."""

from __future__ import annotations

import argparse
import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from functools import partial
from pathlib import Path
from types import ModuleType

from fer_convert.comparison import Comparison
from fer_convert.datasource import add_data_flags, faces_of
from fer_convert.judging import compare, in_float, names_of, on_device
from fer_convert.latency import WARM_UP, as_markdown, measure_apart, settings_of
from fer_convert.machine import describe_machine, in_a_line
from fer_data.output_folder import check_outside, output_folder
from fer_edge.command_line import OneLineParser
from fer_edge.config.model import SHIPPED, parse_model
from fer_edge.errors import MissingExtraError
from fer_edge.inference.model_file import ModelFile, read_model
from fer_edge.inference.runtimes import RUNTIMES, available_runtimes, pick_runtime
from fer_edge.progress import bar

PICTURES = "\n![Confusion matrices](confusion.png)\n\n![Recall of each class](recall.png)\n"


def add_commands(commands: argparse._SubParsersAction[OneLineParser]) -> None:
    """Register the commands; each sets `run`, which takes the parsed arguments and returns the exit code."""
    evaluate = commands.add_parser("evaluate", help="accuracy of model files, through the device's own classifier")
    _add_model_flags(evaluate)
    add_data_flags(evaluate, "a csv or a folder, as for fer-train")
    evaluate.add_argument("--split", help="the part of the data to judge on (PublicTest, test or validation)")
    evaluate.add_argument("--float", type=Path, metavar="MODEL.KERAS", help="the float model to hold them against")
    evaluate.add_argument("--out", type=Path, help="folder for evaluation.md, evaluation.json and plots")
    evaluate.set_defaults(run=_evaluate)

    latency = commands.add_parser("latency", help="how long model files take on this machine")
    _add_model_flags(latency)
    latency.add_argument("--runs", type=_count, default=300, help="timed runs of each (%(default)s)")
    latency.add_argument("--threads", type=_counts, default=(1,), metavar="1,2", help="numbers of threads to try (1)")
    latency.set_defaults(run=_latency)


def _add_model_flags(command: ArgumentParser) -> None:
    what = f"a .tflite model file, or one of {', '.join(SHIPPED)}"
    command.add_argument("models", type=parse_model, nargs="+", metavar="MODEL", help=what)
    command.add_argument("--json", action="store_true", help="print JSON instead of tables")
    command.add_argument("--runtime", choices=list(RUNTIMES), help="the TFLite runtime to use")


def _count(text: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no whole number from 1")
    return int(text)


def _counts(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(_count(part) for part in text.split(",")))


def _evaluate(arguments: Namespace) -> int:
    if arguments.out:
        _import_plots()
        check_outside(arguments.data, arguments.out)
    comparison = _compare(arguments)
    numbers, page = json.dumps(comparison.as_json(), indent=1) + "\n", comparison.as_markdown()
    if arguments.out:
        with output_folder(arguments.out):
            (arguments.out / "evaluation.json").write_text(numbers)
            (arguments.out / "evaluation.md").write_text(page + PICTURES)
            _import_plots().write_plots(comparison, arguments.out)
    sys.stdout.write(numbers if arguments.json else page)
    return 0


def _compare(arguments: Namespace) -> Comparison:
    models = _models(arguments)
    contenders = [
        on_device(model, name, arguments.runtime) for model, name in zip(models, names_of(models), strict=True)
    ]
    if arguments.float:
        contenders.append(in_float(arguments.float))
    split, judged = compare(contenders, partial(faces_of, arguments), arguments.split)
    reference = judged.pop() if arguments.float else None
    return Comparison(arguments.data.name, split, tuple(judged), reference)


def _models(arguments: Namespace) -> list[ModelFile]:
    return [read_model(path) for path in dict.fromkeys(arguments.models)]


def _import_plots() -> ModuleType:
    try:
        from fer_convert import evaluationplots
    except ImportError as error:
        raise MissingExtraError("fer-convert", "convert", error.name) from error
    return evaluationplots


def _latency(arguments: Namespace) -> int:
    machine = describe_machine()
    models = _models(arguments)
    runtimes = (pick_runtime(arguments.runtime),) if arguments.runtime else available_runtimes()
    settings = [setting for model in models for setting in settings_of(model, runtimes, arguments.threads)]
    measured = [measure_apart(setting, arguments.runs) for setting in bar(settings, "measure", "setting")]
    names = {model.path: name for model, name in zip(models, names_of(models), strict=True)}
    if arguments.json:
        rows = [{"model": names[latency.setting.model], **latency.as_json()} for latency in measured]
        text = json.dumps({"machine": machine, "runs": arguments.runs, "warm_up": WARM_UP, "measured": rows}, indent=1)
    else:
        text = f"{in_a_line(machine)}\n\n{as_markdown(measured, names)}"
    sys.stdout.write(text + "\n")
    return 0
