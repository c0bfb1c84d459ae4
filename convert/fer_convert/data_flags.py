"""The flags that name a data set, and its faces with the labels of a model."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from functools import cache
from pathlib import Path
from typing import Any

from fer_data.data_source import DataSource, with_labels_of_model
from fer_data.dataset import FaceSet
from fer_data.formatting import counted
from fer_data.readers.names import name_key

_read = cache(DataSource.read)  # several models with the same merged classes share one reading


def add_data_flags(command: ArgumentParser, data_help: str, *, required: bool = True) -> None:
    """Add --data, --ferplus and --merge; `read_faces_for` reads them."""
    command.add_argument("--data", type=Path, required=required, help=data_help)
    command.add_argument("--ferplus", type=Path, metavar="CSV", help="fer2013new.csv: use its votes as labels")
    command.add_argument(
        "--merge", action="append", metavar="A+B=C", help="join classes (default: as in training); may be repeated"
    )


def read_faces_for(arguments: Namespace, labels: tuple[str, ...], training: dict[str, Any]) -> FaceSet:
    """Read the faces that the flags name, with the labels of a model.

    Args:
        arguments: The parsed flags of `add_data_flags`.
        labels: The classes of the model, in output order.
        training: The part of its card about its training; classes merged there are merged here unless --merge is given.

    Raises:
        UsageError: Model and data have fewer than two classes in common.
        DataError: The data cannot be read.
    """
    has_merge_flag = arguments.merge is not None
    merge = tuple(arguments.merge if has_merge_flag else training.get("merge", ()))
    source = DataSource(arguments.data, arguments.ferplus, merge=merge, lenient=not has_merge_flag)
    faces = _read(source)
    chosen = with_labels_of_model(labels, faces)
    if len(chosen) < len(faces):
        known = {name_key(label) for label in labels}
        others = [name for name in faces.classes if name_key(name) not in known]
        left_out = counted(len(faces) - len(chosen), "face")
        sys.stderr.write(f"left out: {left_out} of {', '.join(others)}: the model has no such class\n")
    return chosen
