"""Columns of a csv file, row by row."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from fer_edge.errors import DataError
from fer_edge.progress import bar


def read_columns(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Iterator[tuple[int, list[str]]]:
    """The line number of each row with its required columns, then its optional ones ("" in a file without them).

    A row that ends before a column has "missing" there. Raises DataError for a file that is no csv or lacks a required
    column.
    """
    csv.field_size_limit(sys.maxsize)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            columns = [name.strip() for name in next(rows, [])]
            if missing := [name for name in required if name not in columns]:
                raise DataError(f"{path}: no column {', '.join(missing)}; expected {', '.join((*required, *optional))}")
            found = [columns.index(name) if name in columns else None for name in (*required, *optional)]
            for row in bar(rows, f"read {path.name}", "row"):
                cells = ("" if at is None else row[at] if at < len(row) else "missing" for at in found)
                yield rows.line_num, list(cells)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a csv file of text: {error}") from error
