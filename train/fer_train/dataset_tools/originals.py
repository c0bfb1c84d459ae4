"""The rows or files of a data set as they are on disk, readable or not."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from fer_data.readers.fer2013 import (
    FER2013_CLASSES,
    LABEL,
    find_split_column,
    open_faces,
    parse_emotion,
    parse_usage,
)
from fer_data.readers.folders import find_pictures
from fer_edge.progress import bar


class Entry(NamedTuple):
    """A row or file of a data set; `split` is "" in a set without splits, `label` the name of its class."""

    name: str
    split: str
    label: str


def read_entries(data: Path) -> Iterator[Entry]:
    """The rows of a csv, or the picture files of a folder, with the names that read_faces() gives them."""
    if data.is_dir():
        for picture in find_pictures(data).pictures:
            yield Entry(str(picture.path.relative_to(data)), picture.split, picture.label)
        return
    file = open_faces(data)
    for line, (emotion, usage) in file.rows((LABEL, find_split_column(file))):
        try:
            label = FER2013_CLASSES[parse_emotion(emotion)]
        except ValueError:
            label = emotion.strip()
        yield Entry(f"line {line}", parse_usage(usage), label)


def copy_rows(data: Path, out: Path, excluded: Collection[str]) -> None:
    """Write the csv `data` to `out` without the rows named in `excluded`, the others byte for byte."""
    source = open_faces(data)
    with out.open("w", newline="", encoding=source.encoding) as file:
        for line, _, text in bar(source.records(), f"write {out.name}", "row"):
            if f"line {line}" not in excluded:
                file.write(text)


def copy_files(data: Path, out: Path, names: Iterable[str]) -> None:
    """Copy the named files of the folder `data` to the same places under `out`."""
    for name in bar(names, "copy", "picture"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(data / name, out / name)
