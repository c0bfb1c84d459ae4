"""The tree of a data set on disk, in one pass that accounts for every entry."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fer_edge.cameras.pictures import PICTURE_SUFFIXES

SYSTEM_ENTRIES = {  # of macOS, Windows, Linux and Synology
    *("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"),
    *("lost+found", "#recycle"),
}
SYSTEM_PREFIXES = (".", "@")  # hidden files, notebooks' checkpoints, thumbnails in @eaDir
MAX_DEPTH = 100  # folders within folders


class File(NamedTuple):
    """An entry that is not a folder; `defect` is why it cannot be read, "" for a regular file."""

    path: Path
    defect: str = ""


@dataclass(frozen=True)
class Folder:
    """A folder and what it contains, each sorted by name.

    Attributes:
        path: Where it is.
        folders: The folders in it.
        files: What else is in it.
        skipped: Entries of operating systems and programs, which are not part of a data set.
    """

    path: Path
    folders: tuple[Folder, ...]
    files: tuple[File, ...]
    skipped: tuple[File, ...]

    @property
    def name(self) -> str:
        """Its name."""
        return self.path.name

    def tree(self) -> Iterator[Folder]:
        """The folder itself and all folders below it."""
        yield self
        for folder in self.folders:
            yield from folder.tree()

    def all_files(self) -> list[File]:
        """The files in it and below it, sorted by path."""
        return sorted(file for folder in self.tree() for file in folder.files)

    def all_skipped(self) -> list[File]:
        """What was skipped in it and below it."""
        return [file for folder in self.tree() for file in folder.skipped]


def read_tree(path: Path) -> Folder:
    """Read a folder and those below it, also through links, each once: links can form a circle.

    Raises OSError when the folder itself cannot be read. One below it that cannot is a File with a defect.
    """
    return _read_folder(path, {}, 0)


def _read_folder(path: Path, seen: dict[tuple[int, int], Path], depth: int) -> Folder:
    """Read a folder; `seen` holds the folders read so far, by device and inode."""
    seen[_identity(path.stat())] = path
    folders, files, skipped = [], [], []
    for child in sorted(path.iterdir()):
        if child.name.startswith(SYSTEM_PREFIXES) or child.name.casefold() in SYSTEM_ENTRIES:
            skipped.append(File(child))
            continue
        try:
            status = child.stat()
            is_folder = stat.S_ISDIR(status.st_mode)
            defect = _folder_defect(child, status, seen, depth) if is_folder else _file_defect(child, status)
            if is_folder and not defect:
                folders.append(_read_folder(child, seen, depth + 1))
                continue
        except OSError as error:
            defect = error.strerror or str(error)
        files.append(File(child, defect))
    return Folder(path, tuple(folders), tuple(files), tuple(skipped))


def _folder_defect(path: Path, status: os.stat_result, seen: dict[tuple[int, int], Path], depth: int) -> str:
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return "a folder, not a picture"
    if depth >= MAX_DEPTH:
        return f"more than {MAX_DEPTH} folders deep"
    first = seen.get(_identity(status))
    return f"the same folder as {first}" if first else _name_defect(path)


def _file_defect(path: Path, status: os.stat_result) -> str:
    return _name_defect(path) if stat.S_ISREG(status.st_mode) else "neither a file nor a folder"


def _name_defect(path: Path) -> str:
    try:
        path.name.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8: rename it"
    return ""


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
