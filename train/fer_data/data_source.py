"""Which faces a command works on: the flags that say so, and the reading."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_data.dataset import FaceSet
from fer_data.readers import HINTS, LABELS, read_faces
from fer_edge.errors import DataError, UsageError

SHOWN = 5  # damaged pictures that are named; the others are counted


@dataclass(frozen=True)
class DataSource:
    """Which faces, of which classes: what `--data`, `--ferplus`, `--merge` and `--classes` say.

    lenient: a merge of classes that the data does not have is left out, and no error.
    """

    data: Path
    ferplus: Path | None = None
    ferplus_as: str = LABELS
    merge: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    lenient: bool = False

    def read(self) -> FaceSet:
        """The faces, with what was damaged said on stderr. Raises DataError or UsageError in one line."""
        faces = read_faces(self.data, self.ferplus, self.ferplus_as)
        sys.stderr.writelines(f"left out: {line}\n" for line in faces.damaged[:SHOWN])
        if len(faces.damaged) > SHOWN:
            sys.stderr.write(f"left out: {len(faces.damaged) - SHOWN} more, {len(faces.damaged)} in all\n")
        if self.merge:
            faces = faces.merge(_merges(self.merge, faces.classes, lenient=self.lenient))
        if self.classes:
            if unknown := [name for name in self.classes if name not in faces.classes]:
                raise UsageError(f"--classes {','.join(unknown)}: the data has {', '.join(faces.classes)}")
            faces = faces.choose(self.classes)
        if len(faces.classes) < 2 or len(np.unique(faces.labels)) < 2:
            found = ", ".join(faces.classes[label] for label in np.unique(faces.labels))
            raise DataError(f"{self.data}: faces of one class alone ({found}); at least two are needed")
        return faces


def add_source_flags(parser: ArgumentParser) -> None:
    """The flags that say which faces; `source_of` reads them."""
    parser.add_argument("--ferplus", type=Path, metavar="CSV", help="fer2013new.csv: the votes of FER+, row by row")
    parser.add_argument(
        "--ferplus-as",
        choices=(LABELS, HINTS),
        default=LABELS,
        help="its votes instead of the labels, or as hints: a second task beside them (%(default)s)",
    )
    parser.add_argument("--merge", action="append", default=[], metavar="A+B=C", help="join classes; may be repeated")
    parser.add_argument("--classes", default="", metavar="A,B", help="take these classes alone, in this order")


def source_of(arguments: Namespace) -> DataSource:
    """The source that the flags name. Raises UsageError."""
    classes = tuple(part.strip() for part in arguments.classes.split(",") if part.strip())
    if len(set(classes)) < len(classes):
        raise UsageError(f"--classes {arguments.classes}: a class is named twice")
    if len(classes) == 1:
        raise UsageError(f"--classes {arguments.classes}: at least two are needed")
    return DataSource(arguments.data, arguments.ferplus, arguments.ferplus_as, tuple(arguments.merge), classes)


def _merges(texts: Sequence[str], classes: tuple[str, ...], *, lenient: bool) -> dict[str, str]:
    into: dict[str, str] = {}
    for text in texts:
        parts, _, name = (part.strip() for part in text.partition("="))
        sources = [part.strip() for part in parts.split("+")]
        unknown = [source for source in sources if source not in classes]
        if not name or (unknown and not lenient):
            wrong = f"the data has no {', '.join(unknown)}, only {', '.join(classes)}" if unknown else "no name after ="
            raise UsageError(f"--merge {text}: {wrong}; write it as angry+disgust=angry")
        into |= dict.fromkeys(sources, name)
    return into
