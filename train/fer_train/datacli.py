"""The commands of fer-train that look through a data set: inspect, clean and crop."""

from __future__ import annotations

import argparse
import json
import sys
from argparse import Namespace
from pathlib import Path

from fer_edge.command_line import OneLineParser

DATA = "fer2013.csv, or a folder ROOT/<split>/<class>/* or ROOT/<class>/*"
REJECT = "flat,tiny,copy,contradiction,leak"


def add_commands(commands: argparse._SubParsersAction[OneLineParser]) -> None:
    """Register the commands; each sets `run`, which takes the parsed arguments and returns the exit code."""
    inspect = commands.add_parser("inspect", help="look through a data set: balance, copies, blurred, damaged, ...")
    inspect.add_argument("data", type=Path, metavar="DATA", help=DATA)
    inspect.add_argument("--out", type=Path, default=Path("inspect"), help="folder for inspect.html (%(default)s)")
    inspect.add_argument("--ferplus", type=Path, metavar="CSV", help="fer2013new.csv: the votes of FER+ as labels")
    inspect.add_argument("--json", action="store_true", help="print inspect.json instead of a table")
    inspect.add_argument("--no-faces", action="store_true", help="do not look for faces, which takes longest")
    inspect.set_defaults(run=_inspect)

    clean = commands.add_parser("clean", help="copy a data set without what spoils it; the original stays as it is")
    clean.add_argument("data", type=Path, metavar="DATA", help=DATA)
    clean.add_argument("--out", type=Path, required=True, help="new folder: the same csv or tree, and rejected.csv")
    reasons = "what to reject (%(default)s; also near,blurred,faceless); the unreadable always go"
    clean.add_argument("--reject", default=REJECT, metavar="A,B", help=reasons)
    clean.set_defaults(run=_clean)

    crop = commands.add_parser("crop", help="cut the faces from photographs as the device would")
    crop.add_argument("data", type=Path, metavar="DATA", help="folder ROOT/<split>/<class>/* or ROOT/<class>/*")
    crop.add_argument("--out", type=Path, required=True, help="new folder: the same tree of faces, and rejected.csv")
    crop.add_argument("--margin", type=float, default=0.0, help="widen the face's box by this share (%(default)s)")
    crop.add_argument("--side", type=int, default=48, help="of the faces, pixels (%(default)s)")
    crop.add_argument("--min-face", type=float, default=0.1, help="share of the picture's height (%(default)s)")
    crop.set_defaults(run=_crop)


def _inspect(arguments: Namespace) -> int:
    from fer_data.output_folder import check_outside, output_folder
    from fer_train.inspection import inspect
    from fer_train.inspectionpage import write_inspection

    check_outside(arguments.data, arguments.out)
    found = inspect(arguments.data, arguments.ferplus, with_faces=not arguments.no_faces)
    with output_folder(arguments.out):
        write_inspection(found, arguments.data, arguments.out)
    if arguments.json:
        _say(json.dumps({"data": arguments.data.name, **found.as_json()}, indent=1))
    else:
        _table([*found.summary(), ("page", str(arguments.out / "inspect.html"))])
    return 0


def _clean(arguments: Namespace) -> int:
    from fer_train.cleaning import clean

    reasons = [part.strip() for part in arguments.reject.split(",") if part.strip()]
    kept, counts = clean(arguments.data, arguments.out, reasons)
    _table([("kept", f"{kept:,}"), *((reason, f"{count:,}") for reason, count in counts.items())])
    return 0


def _crop(arguments: Namespace) -> int:
    from fer_train.cropping import crop

    cut = crop(arguments.data, arguments.out, arguments.margin, arguments.side, arguments.min_face)
    _table([(what, f"{count:,}") for what, count in cut._asdict().items()])
    return 0


def _table(rows: list[tuple[str, str]]) -> None:
    width = max(len(what) for what, _ in rows)
    _say("\n".join(f"{what:<{width}}  {value}" for what, value in rows))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
