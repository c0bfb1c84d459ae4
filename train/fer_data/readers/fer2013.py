"""fer2013.csv and icml_face_data.csv: a face a row, with its label and its split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import SIDE, FaceSet
from fer_data.readers.columns import read_columns
from fer_data.readers.ferplus import AS_LABELS, FERPLUS_CLASSES, Votes, votes_of_row
from fer_data.readers.splits import SPLITS, assign_splits, check_any
from fer_edge.errors import DataError

FER2013_CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def read_csv(path: Path, votes: list[Votes] | None, votes_as: str) -> FaceSet:
    """Read the columns emotion, pixels (48x48 grey values separated by blanks) and Usage, the split.

    Args:
        path: The csv file.
        votes: The FER+ votes for each row, if any.
        votes_as: AS_LABELS or AS_HINTS, see read_faces().

    Raises:
        DataError: Not a single face can be read, or the votes do not match the rows.
    """
    pixels, labels, splits, names, shares, damaged = [], [], [], [], [], []
    row = -1
    for row, (line, (emotion, face, usage)) in enumerate(read_columns(path, ("emotion", "pixels"), ("Usage",))):
        try:
            label, grey = _label(emotion), _face(face)
        except ValueError as error:
            damaged.append(f"{path}, line {line}: {error}")
            continue
        if votes is not None:
            row_votes = votes_of_row(votes, row, usage, path)
            if votes_as == AS_LABELS and not row_votes.expressions.any():
                continue
            shares.append(row_votes.expressions if votes_as == AS_LABELS else row_votes.answers)
            label = int(row_votes.expressions.argmax()) if votes_as == AS_LABELS else label
        labels.append(label)
        pixels.append(grey)
        splits.append(SPLITS.get(usage.strip().lower(), usage.strip()))
        names.append(f"line {line}")
    if votes is not None and row + 1 != len(votes):
        raise DataError(f"{path} has {row + 1} rows and the votes have {len(votes)}: they must match row by row")
    check_any(path, labels, damaged)
    as_labels = votes is not None and votes_as == AS_LABELS
    faces = FaceSet(
        np.stack(pixels),
        np.array(labels),
        np.array(splits),
        FERPLUS_CLASSES if as_labels else FER2013_CLASSES,
        np.array(names),
        votes=np.stack(shares) if as_labels else None,
        hints=np.stack(shares) if shares and not as_labels else None,
        damaged=tuple(damaged),
    )
    return assign_splits(faces) if set(splits) == {""} else faces


def _label(text: str) -> int:
    try:
        label = int(text)
    except ValueError:
        label = -1
    if not 0 <= label < len(FER2013_CLASSES):
        raise ValueError(f"emotion {text[:20]!r} is not one of 0..{len(FER2013_CLASSES) - 1}")
    return label


def _face(text: str) -> NDArray[np.uint8]:
    try:
        values = np.array(text.split(), np.int64)
    except (ValueError, OverflowError):
        raise ValueError("a pixel is not a number") from None
    if values.size != SIDE * SIDE or values.min() < 0 or values.max() > 255:
        raise ValueError(f"a face is {SIDE * SIDE} pixels of 0..255, found {values.size}")
    return values.astype(np.uint8).reshape(SIDE, SIDE)
