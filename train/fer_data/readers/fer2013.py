"""fer2013.csv and icml_face_data.csv: a face a row, with its label and its split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import SIDE, FaceSet
from fer_data.formatting import counted, listed, printable
from fer_data.readers.columns import CsvFile, open_csv
from fer_data.readers.ferplus import AS_LABELS, FERPLUS_CLASSES, Votes, votes_of_row
from fer_data.readers.splits import assign_splits, check_any, find_split, is_usual
from fer_edge.errors import DataError

FER2013_CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
EMOTIONS = {name: label for label, name in enumerate(FER2013_CLASSES)} | {
    **{"anger": 0, "disgusted": 1, "fearful": 2, "afraid": 2, "happiness": 3, "sadness": 4, "surprised": 5},
}
LABEL, PIXELS = "emotion", "pixels"
SPLIT_COLUMNS = ("Usage", "split", "subset", "partition")  # of which the first that exists is read
BRACKETS = "[]() "


def read_csv(path: Path, votes: list[Votes] | None, votes_as: str) -> FaceSet:
    """Read the columns emotion, pixels (48x48 grey values separated by blanks or commas) and Usage, the split.

    Args:
        path: The csv file.
        votes: The FER+ votes for each row, if any.
        votes_as: AS_LABELS or AS_HINTS, see read_faces().

    Raises:
        DataError: Not a single face can be read, or the votes do not match the rows.
    """
    file = open_faces(path)
    split_column = find_split_column(file)
    pixels, labels, usages, names, shares, damaged = [], [], [], [], [], []
    row = -1
    for row, (line, (emotion, face, usage)) in enumerate(file.rows((LABEL, PIXELS, split_column))):
        try:
            label, grey = parse_emotion(emotion), _face(face)
            if split_column and not usage.strip():
                raise ValueError(f"no {split_column}")
        except ValueError as error:
            damaged.append(printable(f"{path}, line {line}: {error}"))
            continue
        if votes is not None:
            row_votes = votes_of_row(votes, row, usage, path)
            if votes_as == AS_LABELS and not row_votes.expressions.any():
                continue
            shares.append(row_votes.expressions if votes_as == AS_LABELS else row_votes.answers)
            label = int(row_votes.expressions.argmax()) if votes_as == AS_LABELS else label
        labels.append(label)
        pixels.append(grey)
        usages.append(usage.strip())
        names.append(f"line {line}")
    if votes is not None and row + 1 != len(votes):
        raise DataError(f"{path} has {row + 1} rows and the votes have {len(votes)}: they must match row by row")
    check_any(path, labels, damaged)
    as_labels = votes is not None and votes_as == AS_LABELS
    faces = FaceSet(
        np.stack(pixels),
        np.array(labels),
        np.array([parse_usage(usage) for usage in usages]),
        FERPLUS_CLASSES if as_labels else FER2013_CLASSES,
        np.array(names),
        votes=np.stack(shares) if as_labels else None,
        hints=np.stack(shares) if shares and not as_labels else None,
        damaged=tuple(damaged),
        notices=_describe_splits(file, split_column, Counter(usages)),
    )
    return faces if split_column else assign_splits(faces)


def open_faces(path: Path) -> CsvFile:
    """Open a csv of faces. Raises DataError."""
    return open_csv(path, (LABEL, PIXELS), SPLIT_COLUMNS[:1])


def find_split_column(file: CsvFile) -> str:
    """The column of the splits, or ""."""
    return next((name for name in SPLIT_COLUMNS if file.has(name)), "")


def parse_usage(text: str) -> str:
    """The split that a value of Usage stands for; an unknown one is a split of its own."""
    return find_split(text) or text.strip()


def parse_emotion(text: str) -> int:
    """The label of an emotion, given by its number or its name. Raises ValueError."""
    name = text.strip().casefold()
    try:
        label = EMOTIONS[name] if name in EMOTIONS else float(name.replace(",", "."))
    except ValueError:
        label = -1
    if label not in range(len(FER2013_CLASSES)):
        raise ValueError(f"emotion {text[:20]!r} is not one of 0..{len(FER2013_CLASSES) - 1} or their names")
    return int(label)


def _face(text: str) -> NDArray[np.uint8]:
    words = text.strip(BRACKETS).replace(",", " ").split()
    if len(words) != SIDE * SIDE:
        raise ValueError(f"a face is {SIDE * SIDE} pixels of 0..255, found {len(words)}")
    try:
        values = np.array(words, np.int64)
    except (ValueError, OverflowError):
        values = _whole_numbers(words)
    if values.min() < 0 or values.max() > 255:
        raise ValueError(f"a pixel is outside 0..255: {values.min()} to {values.max()}")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def _whole_numbers(words: list[str]) -> NDArray[np.int64]:
    """Values that are written as floats, 17.0. Raises ValueError."""
    try:
        values = np.array(words, np.float64)
    except ValueError:
        raise ValueError("a pixel is not a number") from None
    if not (np.abs(values) < 2**31).all() or (values % 1).any():
        raise ValueError(f"a pixel is not a whole number of 0..255 (they are {values.min():g} to {values.max():g})")
    return values.astype(np.int64)


def _describe_splits(file: CsvFile, column: str, usages: Mapping[str, int]) -> tuple[str, ...]:
    if not column:
        return (f"no column {SPLIT_COLUMNS[0]}; its columns are {listed(file.columns)}",)
    return tuple(
        f"{column} {printable(usage)} is read as {find_split(usage)}"
        if find_split(usage)
        else f"{column} {printable(usage)} ({counted(count, 'row')}) is no known split, and kept under this name"
        for usage, count in sorted(usages.items())
        if not is_usual(usage)
    )
