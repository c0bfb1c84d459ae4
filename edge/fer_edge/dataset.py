"""Labelled faces on disk, as the trainer and the converter read them.

It lies on the ground floor because both of them stand on it, and because a model can be evaluated on the device too.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import DataError

SIDE = 48
FER2013_CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
TRAINING = "Training"
VALIDATION = "PublicTest"


@dataclass(frozen=True)
class FaceSet:
    """Grey faces with their labels.

    pixels: uint8 [N,48,48], 0..255. labels: int64 [N], an index into `classes`. splits: str [N], the part of the data
    set that each face belongs to. classes: the names, in label order.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    splits: NDArray[np.str_]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def split_names(self) -> list[str]:
        """The parts there are, sorted."""
        return sorted(set(self.splits.tolist()))

    def only(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> FaceSet:
        """The faces that a mask [N] or an index array picks."""
        return FaceSet(self.pixels[chosen], self.labels[chosen], self.splits[chosen], self.classes)

    def split(self, name: str) -> FaceSet:
        """One part of the data set. Raises DataError, naming the parts there are, when it has no such part."""
        chosen = self.splits == name
        if not chosen.any():
            raise DataError(f"split {name!r} has no faces; there are {', '.join(self.split_names())}")
        return self.only(chosen)


def stratified(labels: NDArray[np.int64], fraction: float, seed: int) -> NDArray[np.bool_]:
    """A mask [N] that picks `fraction` of every class (at least one face of each), the same for the same seed."""
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        chosen[members[: max(1, round(fraction * len(members)))]] = True
    return chosen


def read_faces(path: Path) -> FaceSet:
    """Read `fer2013.csv` (columns emotion, pixels, Usage: 48x48 grey values separated by blanks).

    Raises DataError with the file and line of what is wrong.
    """
    csv.field_size_limit(sys.maxsize)
    pixels, labels, splits = [], [], []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            columns = [name.strip() for name in next(rows, [])]
            missing = {"emotion", "pixels", "Usage"} - set(columns)
            if missing:
                raise DataError(f"{path}: no column {', '.join(sorted(missing))}; expected emotion,pixels,Usage")
            emotion, faces, usage = (columns.index(name) for name in ("emotion", "pixels", "Usage"))
            for row in rows:
                labels.append(_label(row[emotion]))
                pixels.append(_face(row[faces]))
                splits.append(row[usage])
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    except (ValueError, IndexError, csv.Error) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}, line {rows.line_num}: {error}") from error
    if not labels:
        raise DataError(f"{path}: no faces in it")
    return FaceSet(np.stack(pixels), np.array(labels), np.array(splits), FER2013_CLASSES)


def _label(text: str) -> int:
    label = int(text)
    if not 0 <= label < len(FER2013_CLASSES):
        raise ValueError(f"emotion {label} is not one of 0..{len(FER2013_CLASSES) - 1}")
    return label


def _face(text: str) -> NDArray[np.uint8]:
    values = np.array(text.split(), np.int64)
    if values.size != SIDE * SIDE or values.min() < 0 or values.max() > 255:
        raise ValueError(f"a face is {SIDE * SIDE} pixels of 0..255, found {values.size}")
    return values.astype(np.uint8).reshape(SIDE, SIDE)
