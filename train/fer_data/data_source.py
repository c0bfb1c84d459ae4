"""The data source of a command: its flags, and reading the faces that they describe."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_data.class_lists import split_assignment, split_list, unescape
from fer_data.dataset import FaceSet
from fer_data.readers import read_faces
from fer_data.readers.ferplus import AS_HINTS, AS_LABELS
from fer_data.readers.names import name_key
from fer_edge.errors import DataError, UsageError

ESCAPING = r"in a name, write \, \+ and \="
MAX_REPORTED = 5  # damaged pictures that are named on stderr; the others are counted


@dataclass(frozen=True)
class DataSource:
    """The faces that `--data`, `--ferplus`, `--ferplus-as`, `--merge` and `--classes` describe.

    Attributes:
        data: A csv, or a folder of pictures.
        ferplus: The csv of FER+ votes, if any.
        ferplus_as: AS_LABELS or AS_HINTS, see read_faces().
        merge: Classes to join, as `angry+disgust=angry`.
        classes: The classes to keep, in label order; empty: all.
        lenient: Ignore a class in `merge` that the data does not have, instead of raising UsageError.
    """

    data: Path
    ferplus: Path | None = None
    ferplus_as: str = AS_LABELS
    merge: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    lenient: bool = False

    def read(self) -> FaceSet:
        """Read the faces; report on stderr what was left out. Raises DataError or UsageError."""
        faces = read_faces(self.data, self.ferplus, self.ferplus_as)
        report_notices(self.data, faces.notices)
        report_damaged(faces.damaged)
        if self.merge:
            faces = faces.merge(_merges(self.merge, faces.classes, lenient=self.lenient))
        if self.classes:
            if unknown := [name for name in self.classes if name not in faces.classes]:
                raise UsageError(f"--classes {','.join(unknown)}: the data has {', '.join(faces.classes)}")
            faces = faces.choose(self.classes)
        if len(faces.classes) < 2 or len(np.unique(faces.labels)) < 2:
            found = ", ".join(faces.classes[label] for label in np.unique(faces.labels))
            raise DataError(f"{self.data}: faces of one class only ({found}); at least two classes are needed")
        return faces


def report_notices(data: Path, notices: Iterable[str]) -> None:
    """Report on stderr how a data set was read and what was left out, a line each."""
    sys.stderr.writelines(f"{data}: {notice}\n" for notice in notices)


def report_damaged(damaged: Sequence[str]) -> None:
    """Report on stderr the first pictures that could not be read, and how many there are."""
    sys.stderr.writelines(f"left out: {line}\n" for line in damaged[:MAX_REPORTED])
    if len(damaged) > MAX_REPORTED:
        sys.stderr.write(f"left out: {len(damaged) - MAX_REPORTED} more, {len(damaged)} in all\n")


def add_source_flags(parser: ArgumentParser) -> None:
    """Add the flags of a data source; `parse_source` reads them."""
    parser.add_argument(
        "--ferplus", type=Path, metavar="CSV", help="fer2013new.csv: the votes of FER+ for the rows of fer2013.csv"
    )
    parser.add_argument(
        "--ferplus-as",
        choices=(AS_LABELS, AS_HINTS),
        default=AS_LABELS,
        help="use the votes as labels, or as hints: a second task beside the labels (%(default)s)",
    )
    merge = f"join classes; may be repeated; {ESCAPING}"
    parser.add_argument("--merge", action="append", default=[], metavar="A+B=C", help=merge)
    classes = f"use only these classes, in this order; {ESCAPING}"
    parser.add_argument("--classes", default="", metavar="A,B", help=classes)


def parse_source(arguments: Namespace) -> DataSource:
    """The data source that the flags describe. Raises UsageError."""
    classes = tuple(map(unescape, split_list(arguments.classes, ",")))
    if len(set(classes)) < len(classes):
        raise UsageError(f"--classes {arguments.classes}: a class is named twice")
    if len(classes) == 1:
        raise UsageError(f"--classes {arguments.classes}: at least two are needed")
    return DataSource(arguments.data, arguments.ferplus, arguments.ferplus_as, tuple(arguments.merge), classes)


def with_labels_of_model(labels: tuple[str, ...], faces: FaceSet) -> FaceSet:
    """Select the faces whose class the model knows, and number their labels in its order.

    Names are compared without regard to blanks and case. Raises UsageError when model and data have fewer than two
    classes in common.
    """
    by_key = {name_key(label): label for label in labels}
    common = {name: by_key[name_key(name)] for name in faces.classes if name_key(name) in by_key}
    if len(common) < 2:
        raise UsageError(
            f"the model's labels ({', '.join(labels)}) are not those of the data ({', '.join(faces.classes)})"
        )
    return faces.merge(common).choose(labels)


def _merges(texts: Sequence[str], classes: tuple[str, ...], *, lenient: bool) -> dict[str, str]:
    into: dict[str, str] = {}
    spelled = {name_key(name): name for name in classes}
    for text in texts:
        parts, name = split_assignment(text)
        names = map(unescape, split_list(parts, "+"))
        sources = [spelled.get(name_key(part), part) for part in names]
        unknown = [source for source in sources if source not in classes]
        if not name or (unknown and not lenient):
            wrong = f"the data has no {', '.join(unknown)}, only {', '.join(classes)}" if unknown else "no name after ="
            raise UsageError(f"--merge {text}: {wrong}", cure="write it as angry+disgust=angry")
        into |= dict.fromkeys(sources, unescape(name))
    return into
