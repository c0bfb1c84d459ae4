"""The commands of fer-convert that look ahead to the Edge TPU: check and compile."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from argparse import Namespace
from pathlib import Path

from fer_convert.check import Report, check_model, read_bare
from fer_convert.compiler import PROGRAM, CompilerError, compile_graph, parse_log
from fer_data.edgetpu_memory import EDGE_TPU_MEMORY
from fer_edge.command_line import OneLineParser
from fer_edge.config.model import SHIPPED, parse_model
from fer_edge.errors import MissingExtraError, UsageError
from fer_edge.inference.backends.edgetpu import OPERATOR
from fer_edge.inference.model_file import TFLITE_IDENTIFIER, ModelFile, read_model, write_model

MIB = 2**20


def add_commands(commands: argparse._SubParsersAction[OneLineParser]) -> None:
    """Register the commands; each sets `run`, which takes the parsed arguments and returns the exit code."""
    command = commands.add_parser("check", help="will all of a model file run on the Edge TPU? (without the compiler)")
    command.add_argument(
        "model", type=parse_model, metavar="MODEL", help=f"a .tflite, compiled or not, or one of {', '.join(SHIPPED)}"
    )
    command.add_argument("--json", action="store_true", help="print JSON instead of a table")
    command.set_defaults(run=_check)

    command = commands.add_parser("compile", help="a model file for the Edge TPU, by Google's edgetpu_compiler")
    command.add_argument("model", type=Path, metavar="MODEL", help="a .tflite model file of fer-convert quantize")
    command.add_argument("--compiler", default=PROGRAM, metavar="PATH", help="the program (%(default)s on PATH)")
    command.add_argument("--out", type=Path, metavar="FILE", help="the file to write (default: MODEL_edgetpu.tflite)")
    command.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="for it to end (%(default)g)")
    command.add_argument("--allow-cpu-ops", action="store_true", help="write it even if part of it stays on the CPU")
    command.add_argument("--json", action="store_true", help="print what its log says as JSON")
    command.set_defaults(run=_compile)


def _check(arguments: Namespace) -> int:
    model = read_bare(arguments.model)
    try:
        report = check_model(model)
    except ImportError as error:
        raise MissingExtraError("fer-convert", "convert", error.name) from error
    if arguments.json:
        known = {"model": model.name, "sha256": model.sha256, "labels": list(model.labels)}
        _say(json.dumps({**known, **report.as_json()}, indent=1))
    else:
        rows = [(row.name, str(row.version), str(row.count), row.reason or "mapped") for row in report.rows()]
        _table([("operator", "version", "count", "Edge TPU"), *rows])
        _say("\n".join(_findings(model, report)))
    return 0 if report.mappable else 1


def _compile(arguments: Namespace) -> int:
    model, out = read_model(arguments.model), _out(arguments)
    if OPERATOR in model.graph:
        raise UsageError(f"{arguments.model}: it is compiled already; compile the model that it was made of")
    if arguments.timeout <= 0:
        raise UsageError(f"--timeout {arguments.timeout:g}: must be more than 0 seconds")
    graph, text = compile_graph(model.graph, arguments.compiler, arguments.timeout)
    log = parse_log(text)
    _say(json.dumps(log.as_json(), indent=1) if arguments.json else text.strip())
    if OPERATOR not in graph or graph[4:8] != TFLITE_IDENTIFIER:
        raise CompilerError(f"{arguments.compiler} mapped nothing of {arguments.model} to the Edge TPU")
    if log.on_cpu and not arguments.allow_cpu_ops:
        left = ", ".join(f"{fate.count} {fate.operator} ({fate.status})" for fate in log.on_cpu)
        raise CompilerError(f"{arguments.model}: left to the CPU: {left}; --allow-cpu-ops writes it nevertheless")
    written = _replace(out, graph, model, log.version)
    if not arguments.json:
        _say(f"{out}: {len(graph) / 1024:.0f} KiB, {len(model.labels)} classes, sha256 {written.sha256}")
    return 0


def _out(arguments: Namespace) -> Path:
    out: Path = arguments.out or arguments.model.with_name(f"{arguments.model.stem}_edgetpu.tflite")
    if out.is_dir() or not out.parent.is_dir():
        raise UsageError(f"--out {out}: must be a file in a folder that there is")
    return out


def _replace(out: Path, graph: bytes, model: ModelFile, compiler: str) -> ModelFile:
    """Write `graph` with the labels and card of the model that it was made of, in one step: whole or not at all."""
    card = {**model.card, "name": model.name, "compiler": compiler, "compiled_from": model.sha256}
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        written = write_model(draft, graph, model.labels, card)
        draft.replace(out)
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
    return dataclasses.replace(written, path=out)


def _findings(model: ModelFile, report: Report) -> list[str]:
    """What is to be said below the table, a line each."""
    types = ", ".join(f"{count} {dtype}" for dtype, count in report.dtypes.items())
    lines = [_stretch(report), _memory(report), f"tensors: {types}"]
    for what, names in (("floating-point", report.floats), ("of an open size", report.dynamic)):
        if names:
            lines.append(f"tensors that are {what}: {', '.join(names[:3])}{' and more' * (len(names) > 3)}")
    named = ", ".join(model.labels) or "missing; fer-convert quantize appends them, and the device needs them"
    lines.append(f"labels: {named}")
    kind, runs = ("compiled for the Edge TPU", "runs") if report.compiled else ("not compiled yet", "would run")
    lines.append(f"{model.path.name}: {kind}; {'all' if report.mappable else 'not all'} of it {runs} on the Edge TPU")
    return [line for line in lines if line]


def _stretch(report: Report) -> str:
    total = len(report.verdicts)
    end = next(((number, one) for number, one in enumerate(report.verdicts, 1) if not one.mapped), None)
    if end is None:
        return f"mapped: all {total} operators"
    number, one = end
    rest = "" if report.compiled else ", and with it all that follows"
    return f"mapped: {report.stretch} of {total} operators; {number}, {one.name} ({one.layer}), is not{rest}"


def _memory(report: Report) -> str:
    if report.edge_tpu_bytes is None or report.streamed_bytes is None:
        return ""
    streamed = report.streamed_bytes
    fate = f"{streamed / MIB:.1f} MiB are streamed for every face" if streamed else "all stay on the chip"
    return (
        f"parameters: an estimated {report.edge_tpu_bytes / MIB:.1f} MiB of about {EDGE_TPU_MEMORY // MIB} MiB; {fate}"
    )


def _table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        _say("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
