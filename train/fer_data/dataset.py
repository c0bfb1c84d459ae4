"""Labelled faces in memory: their splits, classes and exact copies."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fer_data.formatting import counted, printable
from fer_edge.errors import DataError

SIDE = 48  # pixels, width and height of a face
TRAINING = "Training"
VALIDATION = "validation"
PUBLIC_TEST = "PublicTest"
PRIVATE_TEST = "PrivateTest"
TEST = "test"


@dataclass(frozen=True)
class FaceSet:
    """Grey faces with their labels.

    Attributes:
        pixels: uint8 [N,48,48], 0..255.
        labels: int64 [N], indices into `classes`.
        splits: str [N], the split of each face: TRAINING, VALIDATION, TEST, PUBLIC_TEST, or another name.
        classes: The class names, in label order.
        names: str [N], the origin of each face: a line of a csv, or a path within a folder.
        votes: float32 [N,classes], the share of annotators for each class, rows summing to 1; None if not known.
        hints: float32 [N,K], targets of a second task beside the labels, rows summing to 1; None without one.
        damaged: A line for each picture that could not be read.
        notices: A line on each other thing about how the data was read, e.g. entries that were left out.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    splits: NDArray[np.str_]
    classes: tuple[str, ...]
    names: NDArray[np.str_]
    votes: NDArray[np.float32] | None = None
    hints: NDArray[np.float32] | None = None
    damaged: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def split_names(self) -> list[str]:
        """The names of the splits, sorted."""
        return sorted(set(self.splits.tolist()))

    def counts(self) -> dict[str, dict[str, int]]:
        """The number of faces by split and class."""
        tally = Counter(zip(self.splits.tolist(), self.labels.tolist(), strict=True))
        return {
            split: {name: tally[split, label] for label, name in enumerate(self.classes)}
            for split in self.split_names()
        }

    def summary(self) -> list[tuple[str, str]]:
        """For each split its name, and the number of its faces of each class."""
        rows = []
        for split, row in self.counts().items():
            by_class = ", ".join(f"{printable(name)} {count:,}" for name, count in row.items())
            rows.append((printable(split), f"{counted(sum(row.values()), 'face')}: {by_class}"))
        return rows

    def test_split(self) -> str:
        """The split to evaluate a finished model on: the first of PublicTest, test and validation that exists.

        Raises DataError when none of them does.
        """
        for name in (PUBLIC_TEST, TEST, VALIDATION):
            if name in self.splits:
                return name
        raise DataError(
            f"no split to evaluate on: neither {PUBLIC_TEST} nor test nor validation, only {self._splits()}"
        )

    def only(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> FaceSet:
        """The faces selected by a mask [N] or by indices."""
        return replace(
            self,
            pixels=self.pixels[chosen],
            labels=self.labels[chosen],
            splits=self.splits[chosen],
            names=self.names[chosen],
            votes=None if self.votes is None else self.votes[chosen],
            hints=None if self.hints is None else self.hints[chosen],
        )

    def split(self, name: str) -> FaceSet:
        """The faces of one split. Raises DataError, which lists the splits, when none has this name."""
        chosen = self.splits == name
        if not chosen.any():
            raise DataError(f"split {name!r} has no faces; there are {self._splits()}")
        return self.only(chosen)

    def renamed(self, split: str) -> FaceSet:
        """The same faces as those of one split of this name."""
        return replace(self, splits=np.full(len(self), split))

    def _splits(self) -> str:
        return ", ".join(self.split_names())

    def choose(self, classes: Sequence[str]) -> FaceSet:
        """The faces of `classes`, with labels in that order; a class that the set does not have has no faces."""
        index = {name: position for position, name in enumerate(classes)}
        labels = np.array([index.get(name, -1) for name in self.classes])[self.labels]
        votes = self.votes
        if votes is not None:
            columns = [self.classes.index(name) for name in classes if name in self.classes]
            kept = np.zeros((len(self), len(classes)), np.float32)
            kept[:, [index[self.classes[column]] for column in columns]] = votes[:, columns]
            votes = np.asarray(kept / np.maximum(kept.sum(axis=1, keepdims=True), 1e-9), np.float32)
        chosen = replace(self, labels=labels, classes=tuple(classes), votes=votes)
        return chosen.only(labels >= 0)

    def merge(self, into: Mapping[str, str]) -> FaceSet:
        """Join classes: each key of `into` becomes the class, existing or new, that is its value."""
        renamed = [into.get(name, name) for name in self.classes]
        classes = tuple(dict.fromkeys(renamed))
        index = np.array([classes.index(name) for name in renamed])
        votes = self.votes
        if votes is not None:
            votes = np.stack([votes[:, index == label].sum(axis=1) for label in range(len(classes))], axis=1)
        return replace(self, labels=index[self.labels], classes=classes, votes=votes)

    def digests(self) -> NDArray[np.uint64]:
        """A hash of the pixels of each face, uint64 [N]: equal for exact copies, and only for them."""
        short = (hashlib.blake2b(face.tobytes(), digest_size=8).digest() for face in self.pixels)
        return np.frombuffer(b"".join(short), np.uint64)


def stratified(labels: NDArray[np.int64], fraction: float, seed: int) -> NDArray[np.bool_]:
    """A random mask [N] that selects `fraction` of every class, at least one face each; the same for the same seed."""
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        chosen[members[: max(1, round(fraction * len(members)))]] = True
    return chosen
