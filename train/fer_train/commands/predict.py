"""fer-train predict: what a model predicts for pictures."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path

from fer_edge.config.model import DEFAULT_DETECTOR, DETECTORS, SHIPPED, parse_model
from fer_edge.errors import UsageError
from fer_train.commands import Subparsers

MODEL_HELP = f"the folder of a run, a model.keras, a .tflite, or one of {', '.join(SHIPPED)}"


def add_command(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser("predict", help="classify the faces in pictures")
    parser.add_argument("model", type=parse_model, metavar="MODEL", help=MODEL_HELP)
    parser.add_argument(
        "pictures",
        type=Path,
        nargs="+",
        metavar="PICTURE",
        help="photographs, cropped faces (pictures of up to 64 pixels), or folders of either",
    )
    parser.add_argument("--cropped", action="store_true", help="every picture is a cropped face, whatever its size")
    parser.add_argument("--out", type=Path, metavar="SHEET.png", help="write a contact sheet of the faces")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--detector", choices=DETECTORS, default=DEFAULT_DETECTOR, help="what detects faces (%(default)s)"
    )
    parser.set_defaults(run=_run)


def _run(arguments: Namespace) -> int:
    from fer_data.classifiers import open_classifier
    from fer_data.formatting import aligned, printable
    from fer_edge.inference.detectors import open_detectors
    from fer_train.evaluation.pictures import draw_sheet, find_pictures, predict, rows

    out = arguments.out
    if out and (out.suffix.lower() != ".png" or not out.parent.is_dir()):
        raise UsageError(f"--out {out}: must be a .png in an existing folder")
    paths = find_pictures(arguments.pictures)
    classifier = open_classifier(arguments.model)
    detectors, warnings = open_detectors(arguments.detector)
    sys.stderr.writelines(f"fer-train: {warning}\n" for warning in warnings)
    predictions = predict(classifier, paths, detectors, cropped=arguments.cropped)
    if arguments.json:
        print(json.dumps([one.as_json(classifier.labels) for one in predictions], indent=1))
    else:
        header = ("file", "class", *(f"{label} %" for label in classifier.labels))
        table = [header, *rows(predictions, classifier.labels)]
        print(aligned([tuple(map(printable, row)) for row in table]))
    if out:
        try:
            draw_sheet(predictions, classifier.labels, out)
        except OSError as error:
            raise UsageError(f"--out {out}: {error.strerror or error}") from error
    return int(any(one.picture.problem for one in predictions))
