"""The splits of a data set: how they are named on disk, and how a set without any is split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fer_data.dataset import PUBLIC_TEST, TEST, TRAINING, VALIDATION, FaceSet
from fer_edge.errors import DataError

SPLITS = {
    **dict.fromkeys(("training", "train"), TRAINING),
    **dict.fromkeys(("validation", "valid", "val", "dev"), VALIDATION),
    **dict.fromkeys(("test", "testing"), TEST),
    "publictest": PUBLIC_TEST,
    "privatetest": "PrivateTest",
}


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
    return replace(faces, splits=splits)


def check_any(path: Path, labels: Sequence[int], damaged: Sequence[str]) -> None:
    """Raises DataError, with the first damaged picture, when no face could be read."""
    if not labels:
        raise DataError(f"{path}: no faces in it{': ' + damaged[0] if damaged else ''}")
