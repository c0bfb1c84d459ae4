"""fer-train: from labelled faces to a trained model and a report on it."""

from __future__ import annotations

from collections.abc import Sequence

from fer_data.host_command import run_host_command
from fer_edge import __version__
from fer_edge.command_line import OneLineParser
from fer_train.commands import clean, compare, crop, fit, inspect, predict, report


def main(argv: Sequence[str] | None = None) -> int:
    """Run `fer-train` and return its exit code."""
    return run_host_command("fer-train", "train", lambda: _execute(argv))


def _execute(argv: Sequence[str] | None) -> int:
    arguments = _parser().parse_args(argv)
    return int(arguments.run(arguments))


def _parser() -> OneLineParser:
    parser = OneLineParser(prog="fer-train", description=__doc__)
    parser.add_argument("--version", action="version", version=f"fer-train {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=OneLineParser)
    for command in (fit, report, predict, compare, inspect, clean, crop):
        command.add_command(commands)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
