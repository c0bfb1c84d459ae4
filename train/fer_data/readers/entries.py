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


def read_tree(root: Path) -> Folder:
    """Read a folder and those below it, also through links to folders elsewhere, each once.

    Raises OSError when the folder itself cannot be read. One below it that cannot is a File with a defect.
    """
    return _TreeReader(root).read(root)


class _TreeReader:
    """Reads the folders of a tree; ends even if links form a circle, or lead to one folder many times."""

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.realpath(root))  # which does not fail on a link to itself
        self._seen: set[tuple[int, int]] = set()  # device and inode of the folders read so far

    def read(self, path: Path, depth: int = 0) -> Folder:
        """Read a folder, `depth` levels below the root. Raises OSError."""
        folders, files, skipped = [], [], []
        for child in sorted(path.iterdir()):
            if child.name.startswith(SYSTEM_PREFIXES) or child.name.casefold() in SYSTEM_ENTRIES:
                skipped.append(File(child))
                continue
            try:
                mode = child.stat().st_mode
                if stat.S_ISDIR(mode) and not (defect := self._folder_defect(child, depth)):
                    folders.append(self.read(child, depth + 1))
                    continue
                if not stat.S_ISDIR(mode):
                    defect = "" if stat.S_ISREG(mode) else "neither a file nor a folder"
            except OSError as error:
                defect = error.strerror or str(error)
            files.append(File(child, defect))
        return Folder(path, tuple(folders), tuple(files), tuple(skipped))

    def _folder_defect(self, path: Path, depth: int) -> str:
        if path.suffix.lower() in PICTURE_SUFFIXES:
            return "a folder, not a picture"
        if depth >= MAX_DEPTH:
            return f"more than {MAX_DEPTH} folders deep"
        if path.is_symlink() and self._is_related(path.resolve()):
            return "a link to a folder of this data set"
        status = path.stat()
        if (status.st_dev, status.st_ino) in self._seen:
            return "a folder that is linked to twice"
        try:
            path.name.encode()  # it may be the name of a class, which goes into model files and events
        except UnicodeEncodeError:
            return "a folder whose name is not UTF-8: rename it"
        self._seen.add((status.st_dev, status.st_ino))
        return ""

    def _is_related(self, target: Path) -> bool:
        """Whether a folder lies within the root, or contains it."""
        return target.is_relative_to(self._root) or self._root.is_relative_to(target)
