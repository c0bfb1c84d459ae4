"""What is on disk, strange entries included."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from fer_data.readers.entries import Folder, read_tree


def defects(folder: Folder) -> dict[str, str]:
    return {str(file.path.relative_to(folder.path)): file.defect for file in folder.all_files()}


@pytest.mark.timeout(20)
def test_each_strange_entry_has_its_reason(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "good.jpg").write_bytes(b"x")
    os.mkfifo(tmp_path / "a" / "fifo.jpg")
    (tmp_path / "a" / "zero.jpg").symlink_to("/dev/zero")
    (tmp_path / "a" / "dead.jpg").symlink_to("/nowhere.jpg")
    (tmp_path / "a" / "self.jpg").symlink_to("self.jpg")
    (tmp_path / "a" / "folder.JPG").mkdir()
    (tmp_path / "a" / "folder.JPG" / "inner.jpg").write_bytes(b"x")
    (tmp_path / "a" / "up").symlink_to(tmp_path.parent)
    (tmp_path / "a" / "b").symlink_to("../b")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a").symlink_to("../a")
    (tmp_path / "b" / os.fsdecode(b"M\xfcller.jpg")).write_bytes(b"x")
    (tmp_path / os.fsdecode(b"fr\xf6hlich")).mkdir()
    assert defects(read_tree(tmp_path)) == {
        "a/good.jpg": "",
        "a/fifo.jpg": "neither a file nor a folder",
        "a/zero.jpg": "neither a file nor a folder",
        "a/dead.jpg": "No such file or directory",
        "a/self.jpg": "Too many levels of symbolic links",
        "a/folder.JPG": "a folder, not a picture",
        "a/up": "a link to a folder of this data set",
        "a/b": "a link to a folder of this data set",
        "b/a": "a link to a folder of this data set",
        os.fsdecode(b"b/M\xfcller.jpg"): "",
        os.fsdecode(b"fr\xf6hlich"): "a folder whose name is not UTF-8: rename it",
    }


@pytest.mark.timeout(20)
def test_links_to_folders_elsewhere_are_followed_once(tmp_path: Path) -> None:
    """Each of 40 folders has two links to the next: followed each time, they would be 2^40 folders."""
    for number in range(41):
        (tmp_path / "elsewhere" / str(number)).mkdir(parents=True)
        (tmp_path / "elsewhere" / str(number) / f"{number}.jpg").write_bytes(b"x")
        for link in "ab":
            (tmp_path / "elsewhere" / str(number) / link).symlink_to(f"../{number + 1}")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "happy").symlink_to("../elsewhere/0")
    found = defects(read_tree(tmp_path / "data"))
    assert sum(not defect for defect in found.values()) >= 20, "until the system follows no more links"
    assert set(found.values()) <= {
        *("", "a folder that is linked to twice"),
        *("No such file or directory", "Too many levels of symbolic links"),
    }


def test_a_link_to_itself_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        read_tree(tmp_path / "loop")


def test_folders_are_read_to_a_limit(tmp_path: Path) -> None:
    (tmp_path / "/".join("a" * 120)).mkdir(parents=True)
    assert list(defects(read_tree(tmp_path)).values()) == ["more than 100 folders deep"]


def test_what_systems_and_programs_leave_is_skipped_at_every_depth(tmp_path: Path) -> None:
    for where in (tmp_path, tmp_path / "train", tmp_path / "train" / "happy" / "deep"):
        for name in ("__MACOSX", "@eaDir", ".ipynb_checkpoints", "#recycle"):
            (where / name / "happy").mkdir(parents=True)
            (where / name / "happy" / "a.jpg").write_bytes(b"x")
        for name in ("Thumbs.db", "thumbs.DB", "desktop.ini", ".DS_Store", "._a.jpg"):
            (where / name).write_bytes(b"x")
    read = read_tree(tmp_path)
    assert read.all_files() == []
    assert len(read.all_skipped()) == 3 * 9


@pytest.mark.parametrize("seed", range(5))
def test_every_entry_of_a_random_tree_is_accounted_for_once(tmp_path: Path, seed: int) -> None:
    choose = random.Random(seed)  # noqa: S311 - of a test
    folders = [tmp_path]
    for number in range(150):
        path = choose.choice(folders) / choose.choice([f"{number}", f".{number}", f"@{number}", f"{number}.jpg"])
        kind = choose.choice(["folder", "file", "file", "link", "fifo"])
        if kind == "folder":
            path.mkdir()
            folders.append(path)
        elif kind == "link":
            path.symlink_to(choose.choice([*folders, tmp_path / "nowhere", tmp_path.parent]))
        elif kind == "fifo":
            os.mkfifo(path)
        else:
            path.write_bytes(b"x")
    read = read_tree(tmp_path)
    unread = {file.path for file in [*read.all_skipped(), *(file for file in read.all_files() if file.defect)]}
    expected = {path for path in tmp_path.rglob("*") if unread.isdisjoint(path.parents)}
    accounted = [file.path for file in [*read.all_files(), *read.all_skipped()]]
    accounted += [folder.path for folder in read.tree() if folder is not read]
    assert sorted(accounted) == sorted(expected)
