"""The rows or files of a data set as they stand there, readable or not."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

from fer_data.readers import FER2013_CLASSES, SPLITS, pictures
from fer_edge.progress import bar


class Entry(NamedTuple):
    """A picture of a data set as it stands there, readable or not; `split` is empty where the set has none."""

    name: str
    split: str
    kind: str


def entries_of(data: Path) -> Iterator[Entry]:
    """The rows of a csv, or the picture files of a folder, that `read_faces` has read; named as it names them."""
    if data.is_dir():
        yield from (Entry(str(path.relative_to(data)), split, kind) for path, split, kind in pictures(data))
        return
    records = _records(data)
    columns = [name.strip() for name in next(records)[1]]
    for name, cells, _ in records:
        row = dict(zip(columns, cells, strict=False))
        usage, emotion = row.get("Usage", "").strip(), row.get("emotion", "").strip()
        known = emotion in map(str, range(len(FER2013_CLASSES)))
        yield Entry(name, SPLITS.get(usage.lower(), usage), FER2013_CLASSES[int(emotion)] if known else emotion)


def _records(data: Path) -> Iterator[tuple[str, list[str], str]]:
    """Each record of a csv, the head too, with the name that a face of it has, and its text as it stands there."""
    taken: list[str] = []

    def lines(file: TextIO) -> Iterator[str]:
        for line in file:
            taken.append(line)
            yield line

    with data.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(lines(file))
        for cells in rows:
            yield f"line {rows.line_num}", cells, "".join(taken)
            taken.clear()


def copy_rows(data: Path, out: Path, gone: Collection[str]) -> None:
    """Write the csv `data` to `out` without the rows named in `gone`, the others byte for byte."""
    with out.open("w", newline="", encoding="utf-8") as file:
        for name, _, text in bar(_records(data), f"write {out.name}", "row"):
            if name not in gone:
                file.write(text)


def copy_files(data: Path, out: Path, names: Iterable[str]) -> None:
    """Copy the named files of the folder `data` to the same places under `out`."""
    for name in bar(names, "copy", "picture"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(data / name, out / name)
