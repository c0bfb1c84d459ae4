"""The flags that name model files."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from fer_edge.config.model import SHIPPED, parse_model
from fer_edge.inference.model_file import ModelFile, read_model
from fer_edge.inference.runtimes import RUNTIMES


def add_model_flags(command: ArgumentParser) -> None:
    """Add the model files, --json and --runtime; `read_models` reads the files."""
    files = f"a .tflite model file, or one of {', '.join(SHIPPED)}"
    command.add_argument("models", type=parse_model, nargs="+", metavar="MODEL", help=files)
    command.add_argument("--json", action="store_true", help="print JSON instead of tables")
    command.add_argument("--runtime", choices=list(RUNTIMES), help="the TFLite runtime to use")


def read_models(arguments: Namespace) -> list[ModelFile]:
    """Read the model files, each once. Raises ModelError."""
    return [read_model(path) for path in dict.fromkeys(arguments.models)]
