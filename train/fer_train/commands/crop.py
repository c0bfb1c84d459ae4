"""fer-train crop: faces cropped from photographs."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from fer_data.formatting import aligned
from fer_edge.config.model import DEFAULT_DETECTOR, DETECTORS
from fer_train.commands import Subparsers


def add_command(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser("crop", help="crop the faces from photographs as the device does")
    parser.add_argument("data", type=Path, metavar="DATA", help="folder ROOT/<split>/<class>/* or ROOT/<class>/*")
    parser.add_argument("--out", type=Path, required=True, help="new folder: the same tree of faces, and rejected.csv")
    parser.add_argument("--margin", type=float, default=0.0, help="widen the face's box by this share (%(default)s)")
    parser.add_argument("--side", type=int, default=48, help="size of the faces, pixels (%(default)s)")
    parser.add_argument("--min-face", type=float, default=0.1, help="smallest face, share of the height (%(default)s)")
    parser.add_argument(
        "--detector",
        choices=DETECTORS,
        default=DEFAULT_DETECTOR,
        help="what detects faces, as on the device; the network also turns them upright (%(default)s)",
    )
    parser.set_defaults(run=_run)


def _run(arguments: Namespace) -> int:
    from fer_edge.inference.detectors import open_detectors
    from fer_train.dataset_tools.cropping import CropOptions, crop

    detectors, warnings = open_detectors(arguments.detector)
    for warning in warnings:
        print(f"fer-train: {warning}", file=sys.stderr)
    options = CropOptions(arguments.margin, arguments.side, arguments.min_face, detectors)
    counts = crop(arguments.data, arguments.out, options)
    print(aligned([(name, f"{count:,}") for name, count in counts._asdict().items()]))
    return 0
