"""The inspection of a data set: what it contains, and its defects."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import FaceSet
from fer_data.formatting import counted
from fer_train.dataset_tools import quality
from fer_train.dataset_tools.duplicates import contradicting, exact_groups, near_pairs
from fer_train.dataset_tools.rejected import FACELESS

Pair = tuple[int, int]
Matrix = dict[str, dict[str, int]]  # the number of faces of the first split with a copy in the second


@dataclass(frozen=True)
class Inspection:
    """The findings on a data set.

    Attributes:
        faces: The readable pictures.
        sizes: Width and height of the originals, int64 [N,2].
        groups: Index arrays of exact copies.
        near: Pairs of near copies, indices [M,2].
        masks: The faces with each defect, bool [N], by its name; without FACELESS if faces were not detected.
    """

    faces: FaceSet
    sizes: NDArray[np.int64]
    groups: list[NDArray[np.int64]]
    near: NDArray[np.int64]
    masks: dict[str, NDArray[np.bool_]]

    @cached_property
    def contradictions(self) -> list[NDArray[np.int64]]:
        """The groups of exact copies whose labels differ."""
        return contradicting(self.faces, self.groups)

    def exact_matrix(self) -> Matrix:
        """Exact copies between splits and, on the diagonal, within them."""
        splits = self.faces.split_names()
        matrix = {split: dict.fromkeys(splits, 0) for split in splits}
        for group in self.groups:
            members = Counter(self.faces.splits[group].tolist())
            for split in members:
                for other in members:
                    matrix[split][other] += members[split] if split != other or members[split] > 1 else 0
        return matrix

    def near_matrix(self) -> Matrix:
        """Near copies between splits and, on the diagonal, within them."""
        splits = self.faces.split_names()
        split_of = np.array([splits.index(split) for split in self.faces.splits])
        has = np.zeros((len(self.faces), len(splits)), bool)
        for left, right in (self.near.T, self.near.T[::-1]):
            has[left, split_of[right]] = True
        return {
            split: {other: int(has[split_of == row, column].sum()) for column, other in enumerate(splits)}
            for row, split in enumerate(splits)
        }

    def exact_pairs(self, *, across: bool) -> list[Pair]:
        """One pair of each group of exact copies that lies within a split, or across splits."""
        splits = self.faces.splits
        pairs = []
        for group in self.groups:
            first = group[0]
            others = group[1:][(splits[group[1:]] != splits[first]) == across]
            if len(others):
                pairs.append((int(first), int(others[0])))
        return pairs

    def near_pairs(self, *, across: bool) -> list[Pair]:
        """The pairs of near copies within a split, or across splits."""
        splits = self.faces.splits
        return [(int(first), int(second)) for first, second in self.near if (splits[first] != splits[second]) == across]

    def contradicting_pairs(self) -> list[Pair]:
        """Two copies with different labels of each group that has such."""
        labels = self.faces.labels
        return [(int(group[0]), int(group[labels[group] != labels[group[0]]][0])) for group in self.contradictions]

    def as_json(self) -> dict[str, Any]:
        """Counts and names, the content of inspect.json."""
        names = self.faces.names
        sizes = Counter(map(tuple, self.sizes.tolist()))
        return {
            "faces": len(self.faces),
            "splits": self.faces.counts(),
            "sizes": {f"{width}x{height}": count for (width, height), count in sizes.most_common()},
            "copies": {
                "groups": len(self.groups),
                "faces": sum(map(len, self.groups)),
                "by_split": self.exact_matrix(),
                "names": [names[group].tolist() for group in self.groups],
            },
            "contradictions": {
                "groups": len(self.contradictions),
                "faces": sum(map(len, self.contradictions)),
                "names": [
                    {str(names[index]): self.faces.classes[self.faces.labels[index]] for index in group}
                    for group in self.contradictions
                ],
            },
            "near_copies": {
                "pairs": len(self.near),
                "faces": len(np.unique(self.near)),
                "by_split": self.near_matrix(),
                "names": names[self.near].tolist(),
            },
            **{
                defect: {"faces": int(mask.sum()), "names": names[mask].tolist()} for defect, mask in self.masks.items()
            },
            "damaged": {"pictures": len(self.faces.damaged), "why": list(self.faces.damaged)},
            "notices": list(self.faces.notices),
        }

    def summary(self) -> list[tuple[str, str]]:
        """The findings as rows of a short table: name and count."""
        smallest, largest = self.sizes.min(axis=1).min(), self.sizes.min(axis=1).max()
        leaks = [
            (f"{kind} across splits", f"{count:,} of {split} have one in {other}")
            for kind, matrix in (("exact copies", self.exact_matrix()), ("near copies", self.near_matrix()))
            for split, other, count in _between_splits(matrix)
        ]
        return [
            *self.faces.summary(),
            ("shorter sides", f"{smallest} to {largest} pixels" if smallest < largest else f"{smallest} pixels"),
            ("exact copies", f"{counted(sum(map(len, self.groups)), 'face')} in {counted(len(self.groups), 'group')}"),
            ("near copies", f"{counted(len(np.unique(self.near)), 'face')} in {counted(len(self.near), 'pair')}"),
            *leaks,
            ("contradicting", f"{counted(len(self.contradictions), 'group')} of copies with different labels"),
            *((defect, f"{mask.sum():,}") for defect, mask in self.masks.items()),
            ("damaged", f"{len(self.faces.damaged):,}"),
        ]


def _between_splits(matrix: Matrix) -> list[tuple[str, str, int]]:
    """The entries beside the diagonal that are not 0: split, other split, count."""
    return [
        (split, other, count)
        for split, row in matrix.items()
        for other, count in row.items()
        if count and split != other
    ]


def inspect(data: Path, votes: Path | None = None, *, detect_faces: bool = True) -> Inspection:
    """Inspect `data`, with FER+ `votes` as labels if given. Raises DataError when nothing can be read."""
    faces, sizes = quality.read_complete(data, votes)
    masks = {"flat": quality.is_flat(faces), "blurred": quality.is_blurred(faces), "tiny": quality.is_tiny(sizes)}
    if detect_faces:
        masks[FACELESS] = quality.is_faceless(faces, sizes, data)
    return Inspection(faces, sizes, exact_groups(faces), near_pairs(faces.pixels), masks)
