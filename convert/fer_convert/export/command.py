"""fer-convert export: a trained model as ONNX, as a SavedModel or for TensorFlow.js, checked on faces."""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fer_convert.data_flags import add_data_flags, read_faces_for
from fer_convert.export.agreement import Agreement
from fer_convert.output_file import check_output_file
from fer_data.classifiers import Classifier, Classify, open_classifier, resized
from fer_data.formatting import counted
from fer_data.output_folder import check_empty
from fer_edge.command_line import OneLineParser
from fer_edge.config.model import SHIPPED, parse_model
from fer_edge.errors import UsageError

FACES = 100  # how many the check takes, spread evenly over the test split

Export = Callable[[Classifier, Path], Classify]
"""Writes a model to a path and returns what runs the written model."""


def add_command(commands: argparse._SubParsersAction[OneLineParser]) -> None:
    """Register `export`."""
    command = commands.add_parser("export", help="write a model as ONNX, as a SavedModel or for TensorFlow.js")
    files = f"the folder of a run, a model.keras; for onnx also a .tflite, or one of {', '.join(SHIPPED)}"
    command.add_argument("model", type=parse_model, metavar="MODEL", help=files)
    command.add_argument("--format", choices=list(EXPORTS), required=True, help="the format to write")
    add_data_flags(command, f"the faces on which to compare model and export: {FACES} of its test split")
    command.add_argument(
        "--out", type=Path, required=True, metavar="PATH", help="the file (onnx) or new folder (saved_model, tfjs)"
    )
    command.set_defaults(run=_run)


def _run(arguments: Namespace) -> int:
    out = arguments.out
    if arguments.format == "onnx":
        check_output_file(out)
    else:
        _check_new_folder(out)
    os.environ["KERAS_BACKEND"] = "tensorflow"  # the converters read its graphs
    classifier = open_classifier(arguments.model)
    if classifier.is_quantized and arguments.format != "onnx":
        raise UsageError(
            f"{arguments.model}: a .tflite can be exported to onnx only",
            cure=f"give the model.keras that it was made from for --format {arguments.format}",
        )
    faces = read_faces_for(arguments, classifier.labels, classifier.training)
    pixels = faces.split(faces.test_split()).pixels
    pixels = resized(pixels[np.linspace(0, len(pixels) - 1, min(FACES, len(pixels))).astype(int)], classifier.side)
    try:
        with tempfile.TemporaryDirectory(prefix=".fer-convert-", dir=out.parent) as folder:
            draft = Path(folder) / out.name
            run_export = EXPORTS[arguments.format](classifier, draft)
            agreement = Agreement.between(classifier.classify(pixels), run_export(pixels))
            print(f"{counted(len(pixels), 'face')}: {agreement}")
            agreement.check(classifier.is_quantized)
            _replace(draft, out)
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror or error}") from error
    print(f"{out}: {arguments.format}, {len(classifier.labels)} classes, {_size(out) / 1024:.0f} KiB")
    return 0


def _check_new_folder(out: Path) -> None:
    if out.is_file() or not out.parent.is_dir():
        raise UsageError(f"--out {out}: must be a new folder in an existing one")
    check_empty(out)


def _replace(draft: Path, out: Path) -> None:
    """Move the checked export into place; an empty folder or an earlier file is replaced."""
    if out.is_dir():
        out.rmdir()
    shutil.move(draft, out)


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _onnx(classifier: Classifier, out: Path) -> Classify:
    from fer_convert.export.onnx_format import export_onnx

    return export_onnx(classifier, out)


def _saved_model(classifier: Classifier, out: Path) -> Classify:
    from fer_convert.export.saved_model import export_saved_model

    return export_saved_model(classifier, out)


def _tfjs(classifier: Classifier, out: Path) -> Classify:
    from fer_convert.export.tfjs import export_tfjs

    return export_tfjs(classifier, out)


EXPORTS: dict[str, Export] = {"onnx": _onnx, "saved_model": _saved_model, "tfjs": _tfjs}
