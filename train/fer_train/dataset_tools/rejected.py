"""rejected.csv: the pictures that a command left out, and why."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

FILE_NAME = "rejected.csv"
UNREADABLE = "unreadable"
FACELESS = "faceless"


class Rejected(NamedTuple):
    """A row of rejected.csv."""

    name: str
    split: str
    label: str
    reason: str
    copy_of: str = ""


def write_rejected(rejected: Iterable[Rejected], out: Path) -> None:
    """Write rejected.csv into the folder `out`."""
    # The name of a file may be no UTF-8.
    with (out / FILE_NAME).open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "split", "class", "reason", "copy of"])
        rows.writerows(rejected)
