"""fer-train inspect: a report on a data set."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

from fer_train.commands import DATA, Subparsers


def add_command(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser("inspect", help="report on a data set: balance, copies, blurred and damaged pictures")
    parser.add_argument("data", type=Path, metavar="DATA", help=DATA)
    parser.add_argument("--out", type=Path, default=Path("inspect"), help="folder for inspect.html (%(default)s)")
    parser.add_argument("--ferplus", type=Path, metavar="CSV", help="fer2013new.csv: the votes of FER+ as labels")
    parser.add_argument("--json", action="store_true", help="print inspect.json instead of a table")
    parser.add_argument("--no-faces", action="store_true", help="skip the face detection, which takes longest")
    parser.set_defaults(run=_run)


def _run(arguments: Namespace) -> int:
    from fer_data.data_source import report_damaged, report_notices
    from fer_data.formatting import aligned
    from fer_data.output_folder import check_outside, output_folder
    from fer_train.dataset_tools.inspection import inspect
    from fer_train.dataset_tools.inspection_page import write_inspection

    check_outside(arguments.data, arguments.out)
    inspection = inspect(arguments.data, arguments.ferplus, detect_faces=not arguments.no_faces)
    report_notices(arguments.data, inspection.faces.notices)
    report_damaged(inspection.faces.damaged)
    with output_folder(arguments.out):
        write_inspection(inspection, arguments.data, arguments.out)
    if arguments.json:
        print(json.dumps({"data": arguments.data.name, **inspection.as_json()}, indent=1))
    else:
        print(aligned([*inspection.summary(), ("page", str(arguments.out / "inspect.html"))]))
    return 0
