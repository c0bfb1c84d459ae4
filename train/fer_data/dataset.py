"""Labelled faces in memory, as the trainer and the converter handle them.

It lies on the ground floor because both of them stand on it, and because a model can be evaluated on the device too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DataError

SIDE = 48
TRAINING = "Training"
VALIDATION = "validation"
PUBLIC_TEST = "PublicTest"
TEST = "test"


@dataclass(frozen=True)
class FaceSet:
    """Grey faces with their labels.

    pixels: uint8 [N,48,48], 0..255. labels: int64 [N], an index into `classes`. splits: str [N], the part of the data
    set that each face belongs to. classes: the names, in label order. names: str [N], where each face was found: a row
    of a file, or a path within a folder. votes: float32 [N,classes], what share of several people gave it which label,
    each row summing to 1, where that was asked. hints: float32 [N,K], what else is known of each face, in shares that
    sum to 1, for a second task beside the labels. damaged: what could not be read, a line each.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    splits: NDArray[np.str_]
    classes: tuple[str, ...]
    names: NDArray[np.str_]
    votes: NDArray[np.float32] | None = None
    hints: NDArray[np.float32] | None = None
    damaged: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def split_names(self) -> list[str]:
        """The parts there are, sorted."""
        return sorted(set(self.splits.tolist()))

    def test_split(self) -> str:
        """The part to judge a finished model on: PublicTest, test or validation, the first there is.

        Raises DataError when there is none of them.
        """
        for name in (PUBLIC_TEST, TEST, VALIDATION):
            if name in self.splits:
                return name
        raise DataError(f"nothing to judge by: neither {PUBLIC_TEST} nor test nor validation, only {self._splits()}")

    def only(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> FaceSet:
        """The faces that a mask [N] or an index array picks."""
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
        """One part of the data set. Raises DataError, naming the parts there are, when it has no such part."""
        chosen = self.splits == name
        if not chosen.any():
            raise DataError(f"split {name!r} has no faces; there are {self._splits()}")
        return self.only(chosen)

    def _splits(self) -> str:
        return ", ".join(self.split_names())

    def choose(self, classes: Sequence[str]) -> FaceSet:
        """The faces of `classes`, with labels in that order; a name that the set does not have gets no face."""
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
        """Each class that is a key of `into` becomes one with the class, old or new, that is its value."""
        renamed = [into.get(name, name) for name in self.classes]
        classes = tuple(dict.fromkeys(renamed))
        index = np.array([classes.index(name) for name in renamed])
        votes = self.votes
        if votes is not None:
            votes = np.stack([votes[:, index == label].sum(axis=1) for label in range(len(classes))], axis=1)
        return replace(self, labels=index[self.labels], classes=classes, votes=votes)

    def digests(self) -> NDArray[np.uint64]:
        """A number [N] that follows from the pixels of each face: the same for exact copies, and for them alone."""
        short = (hashlib.blake2b(face.tobytes(), digest_size=8).digest() for face in self.pixels)
        return np.frombuffer(b"".join(short), np.uint64)


def stratified(labels: NDArray[np.int64], fraction: float, seed: int) -> NDArray[np.bool_]:
    """A mask [N] that picks `fraction` of every class (at least one face of each), the same for the same seed."""
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        chosen[members[: max(1, round(fraction * len(members)))]] = True
    return chosen
