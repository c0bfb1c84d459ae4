"""Folders of pictures: ROOT/<split>/<class>/* or ROOT/<class>/*."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from fer_data.dataset import SIDE, FaceSet
from fer_data.readers.splits import SPLITS, assign_splits, check_any
from fer_edge.cameras.pictures import PICTURE_SUFFIXES, read_grey
from fer_edge.errors import DataError
from fer_edge.geometry import Box
from fer_edge.inference.crop import crop_face
from fer_edge.progress import bar


class PictureFile(NamedTuple):
    """A picture file of a data set; `split` is "" in a set without splits, `label` the name of its class."""

    path: Path
    split: str
    label: str


def find_pictures(root: Path) -> list[PictureFile]:
    """The picture files under `root`, sorted by split, class and path.

    Raises DataError when `root` has no folders, or no pictures in them.
    """
    folders = _folders(root)
    if not folders:
        raise DataError(f"{root}: no folders in it", cure="it needs one for each class, or one for each split")
    split_folders = [folder for folder in folders if folder.name.lower() in SPLITS]
    found = [
        PictureFile(path, split, label.name)
        for split, parent in [(SPLITS[folder.name.lower()], folder) for folder in split_folders] or [("", root)]
        for label in _folders(parent)
        for path in sorted(label.rglob("*"))
        if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()
    ]
    if not found:
        raise DataError(
            f"{root}: no pictures in its folders", cure="it must be ROOT/<split>/<class>/* or ROOT/<class>/*"
        )
    return found


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise DataError(f"{root}: {error.strerror}") from error


def read_folders(root: Path) -> FaceSet:
    """Read the pictures as faces: grey, padded to a square, scaled. Raises DataError when none can be read."""
    found = find_pictures(root)
    pixels, labels, splits, names, damaged = [], [], [], [], []
    classes = tuple(sorted({picture.label for picture in found}))
    for path, split, label in bar(found, f"read {root.name}", "picture"):
        try:
            grey = read_grey(path)
        except DataError as error:
            damaged.append(str(error))
            continue
        height, width = grey.shape
        pixels.append(crop_face(grey, Box(0, 0, width, height), 0.0, SIDE))
        labels.append(classes.index(label))
        splits.append(split)
        names.append(str(path.relative_to(root)))
    check_any(root, labels, damaged)
    stacked = np.stack(pixels), np.array(labels), np.array(splits), classes, np.array(names)
    faces = FaceSet(*stacked, damaged=tuple(damaged))
    return assign_splits(faces) if set(splits) == {""} else faces
