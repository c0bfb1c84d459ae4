"""fer-convert latency: how long model files take on this machine."""

from __future__ import annotations

import argparse
import json
from argparse import ArgumentTypeError, Namespace

from fer_convert.evaluate.candidates import unique_names
from fer_convert.latency.machine import describe_machine, machine_summary
from fer_convert.latency.measurement import WARM_UP_RUNS, as_markdown, configurations, measure_in_child
from fer_convert.model_flags import add_model_flags, read_models
from fer_edge.command_line import OneLineParser
from fer_edge.inference.runtimes import available_runtimes, pick_runtime
from fer_edge.progress import bar


def add_command(commands: argparse._SubParsersAction[OneLineParser]) -> None:
    """Register `latency`."""
    command = commands.add_parser("latency", help="measure how long model files take on this machine")
    add_model_flags(command)
    command.add_argument("--runs", type=_count, default=300, help="timed runs of each (%(default)s)")
    command.add_argument("--threads", type=_counts, default=(1,), metavar="1,2", help="numbers of threads to try (1)")
    command.set_defaults(run=_run)


def _count(text: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _counts(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(_count(part) for part in text.split(",")))


def _run(arguments: Namespace) -> int:
    machine = describe_machine()
    models = read_models(arguments)
    runtimes = (pick_runtime(arguments.runtime),) if arguments.runtime else available_runtimes()
    planned = [one for model in models for one in configurations(model, runtimes, arguments.threads)]
    results = [measure_in_child(one, arguments.runs) for one in bar(planned, "measure", "configuration")]
    names = {model.path: name for model, name in zip(models, unique_names(models), strict=True)}
    if arguments.json:
        rows = [{"model": names[result.configuration.model], **result.as_json()} for result in results]
        report = {"machine": machine, "runs": arguments.runs, "warm_up": WARM_UP_RUNS, "measured": rows}
        print(json.dumps(report, indent=1))
    else:
        print(f"{machine_summary(machine)}\n\n{as_markdown(results, names)}")
    return 0
