"""A copy of a data set without the pictures that would spoil a training or flatter its figures."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import TRAINING, FaceSet
from fer_data.output_folder import check_empty, check_outside, output_folder
from fer_edge.errors import UsageError
from fer_train import quality
from fer_train.copies import contradicting, exact_groups, near_pairs
from fer_train.originals import Entry, copy_files, copy_rows, entries_of

UNREADABLE = "unreadable"
REJECTED = "rejected.csv"
DEFAULT_REASONS = ("flat", "tiny", "copy", "contradiction", "leak")
NOBODY = -1

Hits = dict[int, int]  # index of a face to reject -> that of the face it is a copy of, or NOBODY


class Rejected(NamedTuple):
    """A row of rejected.csv."""

    name: str
    split: str
    kind: str
    reason: str
    copy_of: str = ""


def clean(data: Path, out: Path, reasons: Collection[str] = DEFAULT_REASONS) -> tuple[int, dict[str, int]]:
    """Write `data` without the pictures that `reasons` reject to `out`, in the same form, and rejected.csv beside it.

    Returns how many pictures were kept, and how many went for each reason: `unreadable` first, which always goes, and
    then those of REASONS that were asked for. A picture has the first reason that fits in that order, and is judged
    beside those that the reasons before it left: the first of several copies stays. Of copies with contradicting
    labels none stays, as nobody knows which is right; of copies across splits those in Training go. A set without
    splits is one part. Rows and files are copied as they are; cleaning the result again rejects nothing.

    Raises UsageError for an unknown reason and for an `out` that is not empty or lies in `data`, DataError for data
    that cannot be read.
    """
    if unknown := [reason for reason in reasons if reason not in REASONS]:
        raise UsageError(f"--reject {','.join(unknown)}: no such reason; there are {', '.join(REASONS)}")
    check_outside(data, out)
    check_empty(out)
    if data.name == REJECTED:
        raise UsageError(f"{data}: a data set of this name would be overwritten; rename it")
    faces, sizes = quality.read_whole(data)
    entries = list(entries_of(data))
    if not any(entry.split for entry in entries):
        faces = replace(faces, splits=np.full(len(faces), ""))
    with output_folder(out):
        rejected = _rejected(faces, sizes, data, reasons, entries)
        gone = {row.name for row in rejected}
        if len(gone) == len(entries):
            raise UsageError(f"--reject {','.join(reasons)}: leaves none of the {len(entries)} pictures")
        if data.is_dir():
            copy_files(data, out, [entry.name for entry in entries if entry.name not in gone])
        else:
            copy_rows(data, out / data.name, gone)
        write_rejected(rejected, out)
    counts = Counter(row.reason for row in rejected)
    asked = [reason for reason in REASONS if reason in reasons]
    return len(entries) - len(gone), {reason: counts[reason] for reason in (UNREADABLE, *asked)}


def write_rejected(rejected: list[Rejected], out: Path) -> None:
    """Write rejected.csv into the folder `out`."""
    with (out / REJECTED).open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "split", "class", "reason", "copy of"])
        rows.writerows(rejected)


def _rejected(
    faces: FaceSet, sizes: NDArray[np.int64], data: Path, reasons: Collection[str], entries: list[Entry]
) -> list[Rejected]:
    """In the order of the data set."""
    names = faces.names.tolist()
    found = {names[index]: verdict for index, verdict in _verdicts(faces, sizes, data, reasons).items()}
    found |= dict.fromkeys({entry.name for entry in entries}.difference(names), (UNREADABLE, NOBODY))
    return [
        Rejected(*entry, reason, "" if other == NOBODY else names[other])
        for entry in entries
        if entry.name in found
        for reason, other in [found[entry.name]]
    ]


def _verdicts(
    faces: FaceSet, sizes: NDArray[np.int64], data: Path, reasons: Collection[str]
) -> dict[int, tuple[str, int]]:
    left, found = np.arange(len(faces)), {}
    for reason in (reason for reason in REASONS if reason in reasons):
        hits = REASONS[reason](faces.only(left), sizes[left], data)
        for index, other in hits.items():
            found[int(left[index])] = (reason, NOBODY if other == NOBODY else int(left[other]))
        left = np.delete(left, list(hits))
    return found


def _masked(mask: NDArray[np.bool_]) -> Hits:
    return dict.fromkeys(np.flatnonzero(mask).tolist(), NOBODY)


def _copies(faces: FaceSet) -> Hits:
    """All but the first of the exact copies within a split that agree on their label."""
    hits: Hits = {}
    for group in exact_groups(faces):
        first: dict[tuple[str, int], int] = {}
        for index in group.tolist():
            kept = first.setdefault((str(faces.splits[index]), int(faces.labels[index])), index)
            if kept != index:
                hits[index] = kept
    return hits


def _contradictions(faces: FaceSet) -> Hits:
    return {
        int(index): int(group[faces.labels[group] != faces.labels[index]][0])
        for group in contradicting(faces, exact_groups(faces))
        for index in group
    }


def _leaks(faces: FaceSet) -> Hits:
    hits: Hits = {}
    for group in exact_groups(faces):
        training = faces.splits[group] == TRAINING
        if not training.all():
            hits |= dict.fromkeys(group[training].tolist(), int(group[~training][0]))
    return hits


def _near(faces: FaceSet) -> Hits:
    """Near copies within a split, all but the first, and those in Training of a face in another split."""
    hits: Hits = {}
    left = np.arange(len(faces))
    while found := _near_once(faces.only(left)):  # a face of very many near copies is not through at once
        hits |= {int(left[index]): int(left[other]) for index, other in found.items()}
        left = np.delete(left, list(found))
    return hits


def _near_once(faces: FaceSet) -> Hits:
    training = faces.splits == TRAINING
    partners: dict[int, list[int]] = {}
    for first, second in near_pairs(faces.pixels):
        if faces.splits[first] == faces.splits[second] or training[first] or training[second]:
            later, earlier = (first, second) if training[first] > training[second] else (second, first)
            partners.setdefault(int(later), []).append(int(earlier))
    hits: Hits = {}
    for index in sorted(partners, key=lambda index: (training[index], index)):
        if kept := [other for other in partners[index] if other not in hits]:
            hits[index] = kept[0]
    return hits


REASONS: dict[str, Callable[[FaceSet, NDArray[np.int64], Path], Hits]] = {
    "flat": lambda faces, _, __: _masked(quality.flat(faces)),
    "tiny": lambda _, sizes, __: _masked(quality.tiny(sizes)),
    "copy": lambda faces, _, __: _copies(faces),
    "contradiction": lambda faces, _, __: _contradictions(faces),
    "leak": lambda faces, _, __: _leaks(faces),
    "near": lambda faces, _, __: _near(faces),
    "blurred": lambda faces, _, __: _masked(quality.blurred(faces)),
    "faceless": lambda faces, sizes, data: _masked(quality.faceless(faces, sizes, data)),
}
