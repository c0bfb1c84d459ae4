"""fer-convert check: whether the Edge TPU will run all of a model file."""

from __future__ import annotations

import argparse
import json
from argparse import Namespace

from fer_convert.check.contract import describe_problems
from fer_convert.check.mapping import MappingReport, check_model
from fer_data.edgetpu_memory import EDGE_TPU_MEMORY
from fer_data.formatting import aligned
from fer_edge.command_line import OneLineParser
from fer_edge.config.model import SHIPPED, parse_model
from fer_edge.inference.model_file import ModelFile, read_tflite

MIB = 2**20
MAX_NAMED = 3  # tensors named in a line


def add_command(commands: argparse._SubParsersAction[OneLineParser]) -> None:
    """Register `check`."""
    command = commands.add_parser("check", help="predict whether the Edge TPU will run all of a model")
    command.add_argument(
        "model", type=parse_model, metavar="MODEL", help=f"a .tflite, compiled or not, or one of {', '.join(SHIPPED)}"
    )
    command.add_argument("--json", action="store_true", help="print JSON instead of a table")
    command.set_defaults(run=_run)


def _run(arguments: Namespace) -> int:
    model = read_tflite(arguments.model)
    report = check_model(model)
    if arguments.json:
        about = {"model": model.name, "sha256": model.sha256, "labels": list(model.labels)}
        print(json.dumps({**about, **report.as_json()}, indent=1))
    else:
        print("\n".join([_table(report), *_summary(model, report)]))
    return 0 if report.mappable else 1


def _table(report: MappingReport) -> str:
    rows = [("operator", "version", "count", "Edge TPU")]
    rows += [(row.name, str(row.version), str(row.count), row.reason or "mapped") for row in report.rows()]
    return aligned(rows)


def _summary(model: ModelFile, report: MappingReport) -> list[str]:
    """The lines below the table."""
    dtypes = ", ".join(f"{count} {dtype}" for dtype, count in report.dtypes.items())
    lines = [_mapped(report), _memory(report), f"tensors: {dtypes}"]
    for kind, names in (("floating-point", report.floats), ("of a dynamic size", report.dynamic)):
        if names:
            more = " and more" if len(names) > MAX_NAMED else ""
            lines.append(f"tensors that are {kind}: {', '.join(names[:MAX_NAMED])}{more}")
    if model.labels:
        lines.append(f"labels: {', '.join(model.labels)}")
    if problems := describe_problems(model):
        lines.append(f"the device refuses it ({'; '.join(problems)}): fer-convert adopt can mend that")
    state, runs = ("compiled for the Edge TPU", "runs") if report.compiled else ("not compiled yet", "would run")
    lines.append(f"{model.path.name}: {state}; {'all' if report.mappable else 'not all'} of it {runs} on the Edge TPU")
    return [line for line in lines if line]


def _mapped(report: MappingReport) -> str:
    total = len(report.operators)
    unmapped = next(((number, one) for number, one in enumerate(report.operators, 1) if not one.mapped), None)
    if unmapped is None:
        return f"mapped: all {total} operators"
    number, operator = unmapped
    rest = "" if report.compiled else ", nor is any that follows"
    return (
        f"mapped: {report.mapped_count} of {total} operators; "
        f"number {number}, {operator.name} ({operator.layer}), is not{rest}"
    )


def _memory(report: MappingReport) -> str:
    if report.edge_tpu_bytes is None or report.streamed_bytes is None:
        return ""
    needed, streamed = report.edge_tpu_bytes / MIB, report.streamed_bytes / MIB
    where = f"{streamed:.1f} MiB are streamed for every face" if streamed else "all fit on the chip"
    return f"parameters: an estimated {needed:.1f} MiB of about {EDGE_TPU_MEMORY // MIB} MiB; {where}"
