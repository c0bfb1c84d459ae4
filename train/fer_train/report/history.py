"""The history of a run: what was measured in each epoch."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path


def read_epochs(path: Path) -> list[dict[str, float]]:
    """Read a history.csv: a row for each epoch, by the names of the columns.

    Of an epoch that is in the file twice, because the run was interrupted during it, the last row counts. A row that is
    incomplete, because of a power failure or a full disk, is skipped. Without a file that can be read there are none.
    """
    rows = {}
    with contextlib.suppress(OSError, csv.Error), path.open(newline="", encoding="utf-8", errors="replace") as file:
        for row in csv.DictReader(line.replace("\0", "") for line in file):
            with contextlib.suppress(TypeError, ValueError, KeyError):
                values = {key: float(value) for key, value in row.items()}
                rows[values["epoch"]] = values
    return list(rows.values())
