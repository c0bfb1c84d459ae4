"""fer-convert compile: a model file compiled for the Edge TPU, with labels and card put back."""

from __future__ import annotations

import argparse
import json
from argparse import Namespace
from pathlib import Path

from fer_convert.check.contract import require_sound
from fer_convert.compile.compiler import PROGRAM, CompilerError, compile_graph, parse_log
from fer_convert.output_file import check_output_file, write_model_file
from fer_edge.command_line import OneLineParser
from fer_edge.errors import UsageError
from fer_edge.inference.backends.edgetpu import CUSTOM_OPERATOR
from fer_edge.inference.model_file import TFLITE_IDENTIFIER, read_model


def add_command(commands: argparse._SubParsersAction[OneLineParser]) -> None:
    """Register `compile`."""
    command = commands.add_parser("compile", help="compile a model file for the Edge TPU with edgetpu_compiler")
    command.add_argument("model", type=Path, metavar="MODEL", help="a .tflite model file of fer-convert quantize")
    command.add_argument("--compiler", default=PROGRAM, metavar="PATH", help="the compiler (%(default)s on PATH)")
    command.add_argument("--out", type=Path, metavar="FILE", help="the file to write (default: MODEL_edgetpu.tflite)")
    command.add_argument(
        "--timeout", type=float, default=300.0, metavar="SECONDS", help="time limit for the compiler (%(default)g)"
    )
    command.add_argument(
        "--allow-cpu-ops", action="store_true", help="write the file even if some operators stay on the CPU"
    )
    command.add_argument("--json", action="store_true", help="print the contents of the compiler's log as JSON")
    command.set_defaults(run=_run)


def _run(arguments: Namespace) -> int:
    model = read_model(arguments.model)
    out = arguments.out or arguments.model.with_name(f"{arguments.model.stem}_edgetpu.tflite")
    check_output_file(out)
    require_sound(model)
    if CUSTOM_OPERATOR in model.graph:
        raise UsageError(f"{arguments.model}: it is compiled already; compile the model that it was made from")
    if arguments.timeout <= 0:
        raise UsageError(f"--timeout {arguments.timeout:g}: must be more than 0 seconds")
    graph, text = compile_graph(model.graph, arguments.compiler, arguments.timeout)
    log = parse_log(text)
    print(json.dumps(log.as_json(), indent=1) if arguments.json else text.strip())
    if CUSTOM_OPERATOR not in graph or graph[4:8] != TFLITE_IDENTIFIER:
        raise CompilerError(f"{arguments.compiler} mapped nothing of {arguments.model} to the Edge TPU")
    if log.on_cpu and not arguments.allow_cpu_ops:
        left = ", ".join(f"{row.count} {row.operator} ({row.status})" for row in log.on_cpu)
        raise CompilerError(f"{arguments.model}: left to the CPU: {left}; --allow-cpu-ops accepts that")
    card = {**model.card, "name": model.name, "compiler": log.version, "compiled_from": model.sha256}
    compiled = write_model_file(out, graph, model.labels, card)
    if not arguments.json:
        print(f"{out}: {len(graph) / 1024:.0f} KiB, {len(model.labels)} classes, sha256 {compiled.sha256}")
    return 0
