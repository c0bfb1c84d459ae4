"""A csv file as people have it: its encoding, separator and columns, and its rows."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fer_data.formatting import listed
from fer_edge.errors import DataError
from fer_edge.progress import bar

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
BYTE_ORDER_MARK = "\ufeff"
EXCEL_HINT = "sep="  # begins the first line in which Excel declares its separator


class Record(NamedTuple):
    """A record of the file.

    Attributes:
        line: Its last line, from 1.
        cells: Its cells; none in a blank line.
        text: The record as it is in the file.
    """

    line: int
    cells: list[str]
    text: str


@dataclass(frozen=True)
class CsvFile:
    """A csv file with a header.

    Attributes:
        path: Where it is.
        encoding: Its encoding; a byte order mark is part of the first record's text.
        separator: Between its cells, a key of SEPARATORS.
        header: The line of its header.
        columns: The names in the header.
    """

    path: Path
    encoding: str
    separator: str
    header: int
    columns: tuple[str, ...]

    def has(self, column: str) -> bool:
        """Whether there is a column of this name."""
        return _key(column) in map(_key, self.columns)

    def rows(self, columns: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
        """The line number of each row that is not blank, and its cells in these columns; "" where there is none."""
        keys = [_key(name) for name in self.columns]
        found = [keys.index(_key(name)) if self.has(name) else len(keys) for name in columns]
        for line, cells, _ in bar(self.records(), f"read {self.path.name}", "row"):
            if line > self.header and not is_blank(cells):
                yield line, [cells[at] if at < len(cells) else "" for at in found]

    def records(self) -> Iterator[Record]:
        """Every record, with the header and blank lines. Raises DataError."""
        return _read_records(self.path, self.encoding, self.separator)


def open_csv(path: Path, required: Iterable[str], optional: Iterable[str] = ()) -> CsvFile:
    """Find out encoding, separator and columns; names of columns are compared without regard to case and blanks.

    Raises DataError for a file that is no csv or lacks a required column; the error lists the columns found.
    """
    encoding = _find_encoding(path)
    candidates = [_read_header(path, encoding, separator) for separator in SEPARATORS]
    file = max(candidates, key=lambda file: (sum(map(file.has, required)), len(file.columns)))
    keys = [_key(name) for name in file.columns]
    found = f"its columns are {listed(file.columns) or 'none'} (separator: {SEPARATORS[file.separator]})"
    if missing := [name for name in required if not file.has(name)]:
        raise DataError(
            f"{path}: no column {', '.join(missing)}; {found}; expected {', '.join((*required, *optional))}"
        )
    if twice := [name for name in (*required, *optional) if keys.count(_key(name)) > 1]:
        raise DataError(f"{path}: two columns {twice[0]}; {found}")
    return file


def is_blank(cells: list[str]) -> bool:
    """Whether a record has no content: a blank line, or one of separators only."""
    return not any(map(str.strip, cells))


def _key(name: str) -> str:
    return name.strip().casefold()


def _find_encoding(path: Path) -> str:
    """UTF-16 by its byte order mark, or by the zero beside the first letter; else UTF-8."""
    try:
        if not path.is_file() and path.exists():
            raise DataError(f"{path}: neither a file nor a folder")
        with path.open("rb") as file:
            start = file.read(2)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    if start == b"\xff\xfe" or start[1:] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if start == b"\xfe\xff" or start[:1] == b"\0" else "utf-8"


def _read_header(path: Path, encoding: str, separator: str) -> CsvFile:
    for line, cells, text in _read_records(path, encoding, separator):
        if not is_blank(cells) and not text.lower().removeprefix(BYTE_ORDER_MARK).startswith(EXCEL_HINT):
            return CsvFile(path, encoding, separator, line, tuple(name.strip() for name in cells))
    return CsvFile(path, encoding, separator, 0, ())


def _read_records(path: Path, encoding: str, separator: str) -> Iterator[Record]:
    consumed: list[str] = []

    def lines(file: Iterable[str]) -> Iterator[str]:
        for line in file:
            consumed.append(line)
            yield line.removeprefix(BYTE_ORDER_MARK)

    csv.field_size_limit(sys.maxsize)
    try:
        with path.open(newline="", encoding=encoding) as file:
            rows = csv.reader(lines(file), delimiter=separator)
            for cells in rows:
                yield Record(rows.line_num, cells, "".join(consumed))
                consumed.clear()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    except UnicodeError as error:
        cure = "save it as CSV UTF-8, or unpack the archive"
        raise DataError(f"{path}: not a csv file in UTF-8 or UTF-16", cure=cure) from error
    except csv.Error as error:
        raise DataError(f"{path}: not a csv file: {error}") from error
