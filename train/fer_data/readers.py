"""Labelled faces on disk: fer2013.csv, its FER+ votes, and folders of pictures.

What cannot be read is left out and named in `FaceSet.damaged`; only a set of which nothing is left is an error.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import PUBLIC_TEST, SIDE, TEST, TRAINING, VALIDATION, FaceSet
from fer_edge.cameras.pictures import PICTURE_SUFFIXES, read_grey
from fer_edge.errors import DataError
from fer_edge.geometry import Box
from fer_edge.inference.crop import crop_face
from fer_edge.progress import bar

FER2013_CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
FERPLUS_CLASSES = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
FERPLUS_COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
LABELS, HINTS = "labels", "hints"  # what the votes of FER+ are read as
SPLITS = {
    **dict.fromkeys(("training", "train"), TRAINING),
    **dict.fromkeys(("validation", "valid", "val", "dev"), VALIDATION),
    **dict.fromkeys(("test", "testing"), TEST),
    "publictest": PUBLIC_TEST,
    "privatetest": "PrivateTest",
}


def read_faces(data: Path, ferplus: Path | None = None, ferplus_as: str = LABELS) -> FaceSet:
    """Read a data set: `fer2013.csv` or `icml_face_data.csv`, `ROOT/<split>/<class>/*` or `ROOT/<class>/*`.

    A csv has the columns emotion, pixels (48x48 grey values separated by blanks) and Usage. `ferplus` is the
    `fer2013new.csv` of FER+ (Barsoum et al., arXiv:1608.01041) with the same rows: as LABELS its votes take the place
    of the labels of the csv, as HINTS they stand beside them. A folder without splits is split by itself, 8 : 1 : 1 in
    every class, copies side by side. Raises DataError with what is wrong and where when nothing can be read.
    """
    if ferplus is not None and data.is_dir():
        raise DataError(f"{ferplus}: its votes go with the rows of fer2013.csv; {data} is a folder")
    if data.is_dir():
        return _read_folders(data)
    return _read_csv(data, None if ferplus is None else _read_votes(ferplus), ferplus_as)


class _Votes(NamedTuple):
    usage: str
    given: NDArray[np.float32]  # shares of the ten answers there were
    shares: NDArray[np.float32]  # of FERPLUS_CLASSES; all zero where the voters saw no face or no known expression


def _read_csv(path: Path, votes: list[_Votes] | None, votes_as: str) -> FaceSet:
    csv.field_size_limit(sys.maxsize)
    pixels, labels, splits, names, shares, damaged = [], [], [], [], [], []
    row = -1
    for row, (line, (emotion, face, usage)) in enumerate(_rows(path, ("emotion", "pixels"), ("Usage",))):
        try:
            label, grey = _label(emotion), _face(face)
        except ValueError as error:
            damaged.append(f"{path}, line {line}: {error}")
            continue
        if votes is not None:
            given = _of_row(votes, row, usage, path)
            if votes_as == LABELS and not given.shares.any():
                continue
            shares.append(given.shares if votes_as == LABELS else given.given)
            label = int(given.shares.argmax()) if votes_as == LABELS else label
        labels.append(label)
        pixels.append(grey)
        splits.append(SPLITS.get(usage.strip().lower(), usage.strip()))
        names.append(f"line {line}")
    if votes is not None and row + 1 != len(votes):
        raise DataError(f"{path} has {row + 1} rows and the votes have {len(votes)}: they must go row by row")
    _check_any(path, labels, damaged)
    as_labels = votes is not None and votes_as == LABELS
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
    return _split_by_itself(faces) if set(splits) == {""} else faces


def _rows(path: Path, wanted: tuple[str, ...], optional: tuple[str, ...] = ()) -> Iterator[tuple[int, list[str]]]:
    """The wanted columns of a csv, and the optional ones or an empty text, row by row with the line number."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            columns = [name.strip() for name in next(rows, [])]
            if missing := [name for name in wanted if name not in columns]:
                raise DataError(f"{path}: no column {', '.join(missing)}; expected {', '.join((*wanted, *optional))}")
            found = [columns.index(name) if name in columns else None for name in (*wanted, *optional)]
            for row in bar(rows, f"read {path.name}", "row"):
                cells = ("" if at is None else row[at] if at < len(row) else "missing" for at in found)
                yield rows.line_num, list(cells)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: no csv of text: {error}") from error


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
        raise ValueError("a pixel that is no number") from None
    if values.size != SIDE * SIDE or values.min() < 0 or values.max() > 255:
        raise ValueError(f"a face is {SIDE * SIDE} pixels of 0..255, found {values.size}")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def _read_votes(path: Path) -> list[_Votes]:
    """The votes of each row as shares, after the rules of the FER+ authors: a single vote is no vote.

    A row of which most say that it shows no face or no expression they know has none.
    """
    columns = ("Usage", *FERPLUS_COLUMNS, "unknown", "NF")
    votes = []
    for line, (usage, *texts) in _rows(path, columns):
        try:
            counts = np.array(texts, np.float32)
        except ValueError:
            raise DataError(f"{path}, line {line}: votes are numbers, found {', '.join(texts)}") from None
        given = counts / max(float(counts.sum()), 1.0)
        counts[counts <= 1] = 0
        known, others = counts[: len(FERPLUS_CLASSES)], counts[len(FERPLUS_CLASSES) :]
        shares = known / known.sum() if known.max() > others.max() else np.zeros_like(known)
        votes.append(_Votes(usage, given, shares))
    return votes


def _of_row(votes: list[_Votes], row: int, usage: str, path: Path) -> _Votes:
    if row >= len(votes) or votes[row].usage != usage:
        found = votes[row].usage if row < len(votes) else "nothing"
        raise DataError(f"{path}, row {row + 1} is {usage}, the votes have {found} there: they must go row by row")
    return votes[row]


def pictures(root: Path) -> list[tuple[Path, str, str]]:
    """The pictures under `root` with their split ("" where there are none) and class, sorted by path.

    Raises DataError when `root` has no folders, or no pictures in them.
    """
    folders = _folders(root)
    if not folders:
        raise DataError(f"{root}: no folders in it; expected one for each class, or one for each split")
    split_folders = [folder for folder in folders if folder.name.lower() in SPLITS]
    found = [
        (path, split, kind.name)
        for split, parent in [(SPLITS[folder.name.lower()], folder) for folder in split_folders] or [("", root)]
        for kind in _folders(parent)
        for path in sorted(kind.rglob("*"))
        if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()
    ]
    if not found:
        raise DataError(f"{root}: no pictures in its folders; expected ROOT/<split>/<class>/* or ROOT/<class>/*")
    return found


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise DataError(f"{root}: {error.strerror}") from error


def _read_folders(root: Path) -> FaceSet:
    found = pictures(root)
    pixels, labels, splits, names, damaged = [], [], [], [], []
    classes = tuple(sorted({kind for _, _, kind in found}))
    for path, split, kind in bar(found, f"read {root.name}", "picture"):
        try:
            grey = read_grey(path)
        except DataError as error:
            damaged.append(str(error))
            continue
        height, width = grey.shape
        pixels.append(crop_face(grey, Box(0, 0, width, height), 0.0, SIDE))
        labels.append(classes.index(kind))
        splits.append(split)
        names.append(str(path.relative_to(root)))
    _check_any(root, labels, damaged)
    stacked = np.stack(pixels), np.array(labels), np.array(splits), classes, np.array(names)
    faces = FaceSet(*stacked, damaged=tuple(damaged))
    return _split_by_itself(faces) if set(splits) == {""} else faces


def _split_by_itself(faces: FaceSet) -> FaceSet:
    """Training, validation and test parts of a set that has none, 8 : 1 : 1 in every class.

    A face's part follows from the digest of its pixels, so that exact copies stay together and a second reading gives
    the same parts.
    """
    splits = np.full(len(faces), TRAINING, "<U10")
    order = faces.digests()
    for label in range(len(faces.classes)):
        members = np.flatnonzero(faces.labels == label)
        members = members[np.argsort(order[members], kind="stable")]
        tenth = max(1, round(len(members) / 10)) if len(members) > 2 else 0
        splits[members[:tenth]], splits[members[tenth : 2 * tenth]] = TEST, VALIDATION
    return replace(faces, splits=splits)


def _check_any(path: Path, labels: list[int], damaged: list[str]) -> None:
    if not labels:
        raise DataError(f"{path}: no faces in it{': ' + damaged[0] if damaged else ''}")
