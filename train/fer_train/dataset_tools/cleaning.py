"""A copy of a data set without the pictures that would harm training or improve its figures without merit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.data_source import report_notices
from fer_data.dataset import FaceSet
from fer_data.output_folder import check_empty, check_outside, output_folder
from fer_data.readers.splits import ASSIGNED
from fer_edge.errors import UsageError
from fer_train.dataset_tools.originals import Entry, copy_files, copy_rows, read_entries
from fer_train.dataset_tools.quality import read_complete
from fer_train.dataset_tools.rejected import FILE_NAME, UNREADABLE, Rejected, write_rejected
from fer_train.dataset_tools.rules import NO_ORIGINAL, RULES

DEFAULT_REASONS = ("flat", "tiny", "copy", "contradiction", "leak")


def clean(data: Path, out: Path, reasons: Collection[str] = DEFAULT_REASONS) -> tuple[int, dict[str, int]]:
    """Write `data` to `out` without the pictures that the reasons reject, in the same form, and rejected.csv beside it.

    The rules are applied in the order of RULES, each to the pictures that the ones before it kept: the first of several
    copies is kept. Of copies with contradicting labels none is kept, as it is not known which one is right; of copies
    across splits those in Training are rejected. A set without splits counts as one split. Rows and files are copied
    unchanged; cleaning the result again rejects nothing.

    Args:
        data: A csv or a folder.
        out: A new folder, outside `data`.
        reasons: Names of RULES; unreadable pictures are always rejected.

    Returns:
        The number of pictures kept, and the number rejected for each reason, UNREADABLE first.

    Raises:
        UsageError: An unknown reason, or `out` is not empty or lies in `data`.
        DataError: The data cannot be read.
    """
    if unknown := [reason for reason in reasons if reason not in RULES]:
        raise UsageError(f"--reject {','.join(unknown)}: no such reason", cure=f"there are {', '.join(RULES)}")
    check_outside(data, out)
    check_empty(out)
    if data.name == FILE_NAME:
        raise UsageError(f"{data}: a data set of this name would be overwritten", cure="rename it")
    faces, sizes = read_complete(data)
    report_notices(data, [notice for notice in faces.notices if notice != ASSIGNED])
    entries = list(read_entries(data))
    if not any(entry.split for entry in entries):
        faces = replace(faces, splits=np.full(len(faces), ""))
    with output_folder(out):
        rejected = _reject(faces, sizes, data, reasons, entries)
        excluded = {row.name for row in rejected}
        if len(excluded) == len(entries):
            raise UsageError(f"--reject {','.join(reasons)}: leaves none of the {len(entries)} pictures")
        if data.is_dir():
            copy_files(data, out, [entry.name for entry in entries if entry.name not in excluded])
        else:
            copy_rows(data, out / data.name, excluded)
        write_rejected(rejected, out)
    counts = Counter(row.reason for row in rejected)
    applied = [reason for reason in RULES if reason in reasons]
    return len(entries) - len(excluded), {reason: counts[reason] for reason in (UNREADABLE, *applied)}


def _reject(
    faces: FaceSet, sizes: NDArray[np.int64], data: Path, reasons: Collection[str], entries: list[Entry]
) -> list[Rejected]:
    """The rejected pictures, in the order of the data set."""
    names = faces.names.tolist()
    found = {names[index]: hit for index, hit in _apply_rules(faces, sizes, data, reasons).items()}
    found |= dict.fromkeys({entry.name for entry in entries}.difference(names), (UNREADABLE, NO_ORIGINAL))
    return [
        Rejected(*entry, reason, "" if original == NO_ORIGINAL else names[original])
        for entry in entries
        if entry.name in found
        for reason, original in [found[entry.name]]
    ]


def _apply_rules(
    faces: FaceSet, sizes: NDArray[np.int64], data: Path, reasons: Collection[str]
) -> dict[int, tuple[str, int]]:
    """By the index of each face to reject: the reason, and the index of the face that it is a copy of."""
    left, found = np.arange(len(faces)), {}
    for reason in (reason for reason in RULES if reason in reasons):
        hits = RULES[reason](faces.only(left), sizes[left], data)
        for index, original in hits.items():
            found[int(left[index])] = (reason, NO_ORIGINAL if original == NO_ORIGINAL else int(left[original]))
        left = np.delete(left, list(hits))
    return found
