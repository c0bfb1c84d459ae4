"""Which faces a command works on: the flags that say so, and the faces in terms of a model."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from functools import cache
from pathlib import Path
from typing import Any

from fer_convert.evaluate import in_terms_of
from fer_data.data_source import DataSource
from fer_data.dataset import FaceSet

_read = cache(DataSource.read)  # models that were merged alike are judged by one reading


def add_data_flags(command: ArgumentParser, what: str) -> None:
    """The flags that say which faces; `faces_of` reads them."""
    command.add_argument("--data", type=Path, required=True, help=what)
    command.add_argument("--ferplus", type=Path, metavar="CSV", help="fer2013new.csv: judge by its votes")
    command.add_argument(
        "--merge", action="append", metavar="A+B=C", help="join classes (as the model was trained); may be repeated"
    )


def faces_of(arguments: Namespace, labels: tuple[str, ...], training: dict[str, Any]) -> FaceSet:
    """The faces that the flags name, in terms of the model's labels, and merged as it was trained."""
    told = arguments.merge is not None
    merge = tuple(arguments.merge if told else training.get("merge", ()))
    return in_terms_of(labels, _read(DataSource(arguments.data, arguments.ferplus, merge=merge, lenient=not told)))
