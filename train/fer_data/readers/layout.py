"""Which folders of a data set are splits and which are classes: ROOT/<split>/<class>/* or ROOT/<class>/*."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fer_data.formatting import listed
from fer_data.readers.entries import Folder
from fer_data.readers.fer2013 import EMOTIONS
from fer_data.readers.names import name_key
from fer_data.readers.splits import SPLIT_NAMES, find_split, resembles_split
from fer_edge.errors import DataError

LAYOUT = "it must be ROOT/<split>/<class>/* or ROOT/<class>/*"


def split_folders(root: Folder) -> dict[str, Folder]:
    """The folders of the splits, by split; `root` itself as "" in a set without splits.

    What could be a split is never taken for a class.

    Raises:
        DataError: `root` has no folders, or it is doubtful which of them are splits or classes.
    """
    if not root.folders:
        tables = [file.path for file in root.files if file.path.suffix.lower() == ".csv"]
        cure = f"did you mean {tables[0]}?" if len(tables) == 1 else "it needs one for each class, or for each split"
        raise DataError(f"{root.path}: no folders in it", cure=cure)
    splits: dict[str, Folder] = {}
    for folder in root.folders:
        split = find_split(folder.name)
        if split in splits:
            pair = f"{splits[split].name} and {folder.name}"
            raise DataError(f"{root.path}: {pair} are both the split {split}", cure="join them, or rename one")
        if split:
            splits[split] = folder
    others = other_folders(root, splits)
    classes = {name_key(label.name) for folder in splits.values() for label in folder.folders}
    doubtful = [
        folder.name
        for folder in others
        if resembles_split(folder.name) or not classes.isdisjoint(name_key(label.name) for label in folder.folders)
    ]
    if doubtful:
        cure = f"name it {SPLIT_NAMES}, or move it out of this folder"
        raise DataError(f"{root.path}: {listed(doubtful)} may be a split, but which is not known", cure=cure)
    _check_classes(root, list(splits.values()) or [root])
    return splits or {"": root}


def other_folders(root: Folder, splits: dict[str, Folder]) -> list[Folder]:
    """The folders in `root` that are not splits."""
    return [folder for folder in root.folders if folder not in splits.values()]


def _check_classes(root: Folder, parents: Sequence[Folder]) -> None:
    """Raise DataError if class folders contain splits or classes in their turn: `root` may be one folder too high."""
    labels = [label for parent in parents for label in parent.folders]
    if nameless := [label for label in labels if not name_key(label.name)]:
        raise DataError(f"{root.path}: {_relative(nameless[0], root).parent} has a class folder without a name")
    deeper = [folder for label in labels for folder in label.tree() if _contains_classes_or_splits(folder)]
    if not deeper and len({name_key(label.name) for label in labels}) == 1:
        deeper = [label for label in labels if len(label.folders) > 1 and not label.files]
    if deeper:
        inner = listed([folder.name for folder in deeper[0].folders])
        cure = f"did you mean {deeper[0].path}?" if _is_only(deeper, parents, root) else LAYOUT
        raise DataError(
            f"{root.path}: {_relative(deeper[0], root)} is not a class, since it contains {inner}", cure=cure
        )


def _contains_classes_or_splits(folder: Folder) -> bool:
    names = [inner.name for inner in folder.folders]
    emotions = {EMOTIONS[name_key(name)] for name in names if name_key(name) in EMOTIONS}
    return len(emotions) > 1 or any(map(find_split, names))


def _is_only(deeper: Sequence[Folder], parents: Sequence[Folder], root: Folder) -> bool:
    """Whether the first of `deeper` is all of the data, so that it may have been meant."""
    within = deeper[0].path
    return parents[0] is root and all(folder.path.is_relative_to(within) for folder in deeper)


def _relative(folder: Folder, root: Folder) -> Path:
    return folder.path.relative_to(root.path)
