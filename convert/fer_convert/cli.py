"""fer-convert: make a model file for the device from a trained model, and measure what the file is worth."""

from __future__ import annotations

from collections.abc import Sequence

import fer_convert.adopt.command
import fer_convert.calibrate.command
import fer_convert.check.command
import fer_convert.compile.command
import fer_convert.evaluate.command
import fer_convert.export.command
import fer_convert.latency.command
import fer_convert.quantize.command
from fer_data.host_command import run_host_command
from fer_edge import __version__
from fer_edge.command_line import OneLineParser


def main(argv: Sequence[str] | None = None) -> int:
    """Run `fer-convert` and return its exit code."""
    return run_host_command("fer-convert", "convert", lambda: _execute(argv))


def _execute(argv: Sequence[str] | None) -> int:
    arguments = _parser().parse_args(argv)
    return int(arguments.run(arguments))


def _parser() -> OneLineParser:
    """Build the parser; each command sets `run`, which takes the parsed arguments and returns the exit code."""
    parser = OneLineParser(prog="fer-convert", description=__doc__)
    parser.add_argument("--version", action="version", version=f"fer-convert {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=OneLineParser)
    fer_convert.quantize.command.add_command(commands)
    fer_convert.adopt.command.add_command(commands)
    fer_convert.calibrate.command.add_command(commands)
    fer_convert.evaluate.command.add_command(commands)
    fer_convert.latency.command.add_command(commands)
    fer_convert.check.command.add_command(commands)
    fer_convert.compile.command.add_command(commands)
    fer_convert.export.command.add_command(commands)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
