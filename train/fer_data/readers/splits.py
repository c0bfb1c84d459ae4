"""The splits of a data set: how they are named on disk, and how a set without any is split."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fer_data.dataset import PRIVATE_TEST, PUBLIC_TEST, TEST, TRAINING, VALIDATION, FaceSet
from fer_edge.errors import DataError

SPLITS = {
    **dict.fromkeys(("training", "train"), TRAINING),
    **dict.fromkeys(("validation", "valid", "val", "dev"), VALIDATION),
    **dict.fromkeys(("test", "testing"), TEST),
    "publictest": PUBLIC_TEST,
    "privatetest": PRIVATE_TEST,
}
ASSIGNED = "no splits in it: a tenth of each class becomes validation, a tenth test"
SPLIT_NAMES = "train, validation or test"  # what a folder can be renamed to
SPLIT_WORDS = {*SPLITS, "eval", "evaluation", "validate", "holdout", "heldout", "fold", "split"}
FILLERS = "(?:data|set|image|img|picture|pic|photo|face|sample|file|folder|split|part)s?"  # beside the word for a split
SPLIT_PATTERN = re.compile(f"(?:{FILLERS})*({'|'.join(SPLITS)})s?(?:{FILLERS})*")


def find_split(name: str) -> str | None:
    """The split that a folder or a value of Usage stands for, as `train_set`, `Test-Images` and `val2017` do."""
    match = SPLIT_PATTERN.fullmatch(re.sub(r"[\W\d_]+", "", name.casefold()))
    return SPLITS[match[1]] if match else None


def resembles_split(name: str) -> bool:
    """Whether a word of the name is one for a split, though it is not known which: `eval`, `my_train`, `fold2`."""
    words = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    return not SPLIT_WORDS.isdisjoint([word.casefold() for word in words] + ["".join(words).casefold()])


def is_usual(name: str) -> bool:
    """Whether a split is named as usual, so that how it is read need not be reported."""
    return name.strip().casefold() in SPLITS


def assign_splits(faces: FaceSet) -> FaceSet:
    """Split a set that has no splits into training, validation and test, 8 : 1 : 1 in every class.

    The split of a face follows from the digest of its pixels: exact copies stay together, and reading again gives the
    same splits.
    """
    splits = np.full(len(faces), TRAINING, "<U10")
    order = faces.digests()
    for label in range(len(faces.classes)):
        members = np.flatnonzero(faces.labels == label)
        members = members[np.argsort(order[members], kind="stable")]
        tenth = max(1, round(len(members) / 10)) if len(members) > 2 else 0
        splits[members[:tenth]], splits[members[tenth : 2 * tenth]] = TEST, VALIDATION
    return replace(faces, splits=splits, notices=(*faces.notices, ASSIGNED))


def check_any(path: Path, labels: Sequence[int], damaged: Sequence[str]) -> None:
    """Raises DataError, with the first damaged picture, when no face could be read."""
    if not labels:
        raise DataError(f"{path}: no faces in it{': ' + damaged[0] if damaged else ''}")
