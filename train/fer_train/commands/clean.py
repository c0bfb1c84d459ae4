"""fer-train clean: a copy of a data set without its defective pictures."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from fer_data.formatting import aligned
from fer_train.commands import DATA, Subparsers

REJECT = "flat,tiny,copy,contradiction,leak"


def add_command(commands: Subparsers) -> None:
    """Register the command."""
    parser = commands.add_parser("clean", help="copy a data set without defective pictures; the original is unchanged")
    parser.add_argument("data", type=Path, metavar="DATA", help=DATA)
    parser.add_argument("--out", type=Path, required=True, help="new folder: the same csv or tree, and rejected.csv")
    reasons = "reasons to reject (%(default)s; also near,blurred,faceless); unreadable pictures are always rejected"
    parser.add_argument("--reject", default=REJECT, metavar="A,B", help=reasons)
    parser.set_defaults(run=_run)


def _run(arguments: Namespace) -> int:
    from fer_train.dataset_tools.cleaning import clean

    reasons = [part.strip() for part in arguments.reject.split(",") if part.strip()]
    kept, counts = clean(arguments.data, arguments.out, reasons)
    print(aligned([("kept", f"{kept:,}"), *((reason, f"{count:,}") for reason, count in counts.items())]))
    return 0
