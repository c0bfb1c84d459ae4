"""The rules by which pictures are rejected: for each reason, which faces it applies to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import TRAINING, FaceSet
from fer_train.dataset_tools import quality
from fer_train.dataset_tools.duplicates import contradicting, exact_groups, near_pairs
from fer_train.dataset_tools.rejected import FACELESS

NO_ORIGINAL = -1

Hits = dict[int, int]  # index of a face to reject -> index of the face that it is a copy of, or NO_ORIGINAL


def _masked(mask: NDArray[np.bool_]) -> Hits:
    return dict.fromkeys(np.flatnonzero(mask).tolist(), NO_ORIGINAL)


def _copies(faces: FaceSet) -> Hits:
    """All except the first of the exact copies within a split that have the same label."""
    hits: Hits = {}
    for group in exact_groups(faces):
        first: dict[tuple[str, int], int] = {}
        for index in group.tolist():
            kept = first.setdefault((str(faces.splits[index]), int(faces.labels[index])), index)
            if kept != index:
                hits[index] = kept
    return hits


def _contradictions(faces: FaceSet) -> Hits:
    """All exact copies whose labels contradict each other."""
    return {
        int(index): int(group[faces.labels[group] != faces.labels[index]][0])
        for group in contradicting(faces, exact_groups(faces))
        for index in group
    }


def _leaks(faces: FaceSet) -> Hits:
    """The faces in Training with an exact copy in another split."""
    hits: Hits = {}
    for group in exact_groups(faces):
        training = faces.splits[group] == TRAINING
        if not training.all():
            hits |= dict.fromkeys(group[training].tolist(), int(group[~training][0]))
    return hits


def _near(faces: FaceSet) -> Hits:
    """All except the first of near copies within a split, and faces in Training with a near copy in another split."""
    hits: Hits = {}
    left = np.arange(len(faces))
    while found := _near_once(faces.only(left)):  # a face with very many near copies takes several rounds
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


# In the order in which they are applied; each takes faces, sizes of the originals int64 [N,2], and the data set's path.
RULES: dict[str, Callable[[FaceSet, NDArray[np.int64], Path], Hits]] = {
    "flat": lambda faces, _, __: _masked(quality.is_flat(faces)),
    "tiny": lambda _, sizes, __: _masked(quality.is_tiny(sizes)),
    "copy": lambda faces, _, __: _copies(faces),
    "contradiction": lambda faces, _, __: _contradictions(faces),
    "leak": lambda faces, _, __: _leaks(faces),
    "near": lambda faces, _, __: _near(faces),
    "blurred": lambda faces, _, __: _masked(quality.is_blurred(faces)),
    FACELESS: lambda faces, sizes, data: _masked(quality.is_faceless(faces, sizes, data)),
}
