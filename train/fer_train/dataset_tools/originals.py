"""The rows or files of a data set as they are on disk, readable or not."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_data.readers.folders import find_pictures
from fer_data.readers.splits import SPLITS
from fer_edge.progress import bar


class Entry(NamedTuple):
    """A row or file of a data set; `split` is "" in a set without splits, `label` the name of its class."""

    name: str
    split: str
    label: str


def read_entries(data: Path) -> Iterator[Entry]:
    """The rows of a csv, or the picture files of a folder, with the names that read_faces() gives them."""
    if data.is_dir():
        yield from (Entry(str(path.relative_to(data)), split, label) for path, split, label in find_pictures(data))
        return
    records = _records(data)
    columns = [name.strip() for name in next(records)[1]]
    for name, cells, _ in records:
        row = dict(zip(columns, cells, strict=False))
        usage, emotion = row.get("Usage", "").strip(), row.get("emotion", "").strip()
        known = emotion in map(str, range(len(FER2013_CLASSES)))
        yield Entry(name, SPLITS.get(usage.lower(), usage), FER2013_CLASSES[int(emotion)] if known else emotion)


def _records(data: Path) -> Iterator[tuple[str, list[str], str]]:
    """Each record of a csv, including the header: its name as in read_faces(), its cells, and its unchanged text."""
    consumed: list[str] = []

    def lines(file: TextIO) -> Iterator[str]:
        for line in file:
            consumed.append(line)
            yield line

    with data.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(lines(file))
        for cells in rows:
            yield f"line {rows.line_num}", cells, "".join(consumed)
            consumed.clear()


def copy_rows(data: Path, out: Path, excluded: Collection[str]) -> None:
    """Write the csv `data` to `out` without the rows named in `excluded`, the others byte for byte."""
    with out.open("w", newline="", encoding="utf-8") as file:
        for name, _, text in bar(_records(data), f"write {out.name}", "row"):
            if name not in excluded:
                file.write(text)


def copy_files(data: Path, out: Path, names: Iterable[str]) -> None:
    """Copy the named files of the folder `data` to the same places under `out`."""
    for name in bar(names, "copy", "picture"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(data / name, out / name)
