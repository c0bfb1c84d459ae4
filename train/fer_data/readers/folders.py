"""Folders of pictures: ROOT/<split>/<class>/* or ROOT/<class>/*."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import SIDE, FaceSet
from fer_data.formatting import listed, printable
from fer_data.readers.entries import File, Folder, read_tree
from fer_data.readers.layout import LAYOUT, other_folders, split_folders
from fer_data.readers.names import describe_joined, join_spellings
from fer_data.readers.splits import assign_splits, check_any, is_usual
from fer_edge.cameras.pictures import is_picture, read_grey
from fer_edge.errors import DataError
from fer_edge.geometry import Box
from fer_edge.inference.crop import crop_face
from fer_edge.progress import bar


class PictureFile(NamedTuple):
    """A picture file of a data set.

    Attributes:
        path: Where it is.
        split: Its split; "" in a set without splits.
        label: The name of its class.
        defect: Why it cannot be opened, or "".
    """

    path: Path
    split: str
    label: str
    defect: str = ""

    def read(self) -> NDArray[np.uint8]:
        """Read its grey values, uint8 [H,W]. Raises DataError."""
        if self.defect:
            raise DataError(f"{self.path}: {self.defect}")
        return read_grey(self.path)


class PictureSet(NamedTuple):
    """The picture files of a data set, sorted by split, class and path, and a line on each kind of other entry."""

    pictures: list[PictureFile]
    notices: tuple[str, ...]


def find_pictures(root: Path) -> PictureSet:
    """Find the picture files under `root`, and account for every other entry.

    Raises DataError when `root` has no folders or no pictures in them, or when they are not clearly splits and classes.
    """
    try:
        tree = read_tree(root)
    except OSError as error:
        raise DataError(f"{root}: {error.strerror}") from error
    splits = split_folders(tree)
    labelled = [(split, folder) for split, parent in splits.items() for folder in parent.folders]
    classes = join_spellings([folder.name for _, folder in labelled])
    pictures, others, empty = [], [], []
    for split, folder in labelled:
        files = folder.all_files()
        found = [file for file in files if file.defect or is_picture(file.path)]
        pictures += [PictureFile(path, split, classes[folder.name], defect) for path, defect in found]
        others += sorted({*files}.difference(found))
        empty += [] if found else [folder]
    notices = (
        *(f"{folder.name} is read as {name}" for name, folder in splits.items() if name and not is_usual(folder.name)),
        *describe_joined(classes),
        *_listing(root, "class folders without pictures", empty),
        *_listing(root, "folders within a class, read as that class", _nested(folder for _, folder in labelled)),
        *_listing(root, "not read, no picture of a known format", others),
        *_listing(root, "not read, outside the class folders", _outside(tree, splits)),
        *_listing(root, "skipped, of the operating system or a program", tree.all_skipped()),
    )
    if not pictures:
        raise DataError(f"{root}: {'; '.join(('no pictures in its folders', *notices))}", cure=LAYOUT)
    return PictureSet(pictures, notices)


def _listing(root: Path, title: str, entries: Sequence[File | Folder]) -> list[str]:
    """One line, or none without entries."""
    names = [
        f"{entry.path.relative_to(root)}{f' ({entry.defect})' if isinstance(entry, File) and entry.defect else ''}"
        for entry in entries
    ]
    return [f"{title}: {listed(names)}"] if names else []


def _nested(classes: Iterable[Folder]) -> list[Folder]:
    return [inner for folder in classes for inner in folder.tree() if inner is not folder and inner.files]


def _outside(tree: Folder, splits: dict[str, Folder]) -> list[File | Folder]:
    """What lies beside the class folders, and beside the splits if there are any."""
    folders = [] if "" in splits else other_folders(tree, splits)
    files = (file for folder in splits.values() for file in folder.files)
    return [*folders, *files, *([] if "" in splits else tree.files)]


def read_folders(root: Path) -> FaceSet:
    """Read the pictures as faces: grey, padded to a square, scaled. Raises DataError when none can be read."""
    found, notices = find_pictures(root)
    pixels, labels, splits, names, damaged = [], [], [], [], []
    classes = tuple(sorted({picture.label for picture in found}))
    for picture in bar(found, f"read {root.name}", "picture"):
        try:
            grey = picture.read()
        except DataError as error:
            damaged.append(printable(str(error)))
            continue
        height, width = grey.shape
        pixels.append(crop_face(grey, Box(0, 0, width, height), 0.0, SIDE))
        labels.append(classes.index(picture.label))
        splits.append(picture.split)
        names.append(str(picture.path.relative_to(root)))
    check_any(root, labels, damaged)
    stacked = np.stack(pixels), np.array(labels), np.array(splits), classes, np.array(names)
    faces = FaceSet(*stacked, damaged=tuple(damaged), notices=notices)
    return assign_splits(faces) if set(splits) == {""} else faces
