"""Folders of pictures."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.fer2013 import write_picture

from fer_data.readers import read_faces
from fer_edge.errors import DataError


@pytest.mark.parametrize(
    ("folders", "splits"),
    [
        (("train", "test"), ["Training", "test"]),
        (("train", "validation"), ["Training", "validation"]),
        (("Training", "val", "PublicTest"), ["PublicTest", "Training", "validation"]),
    ],
)
def test_folders_of_splits_and_classes_are_read(tmp_path: Path, folders: tuple[str, ...], splits: list[str]) -> None:
    for number, folder in enumerate(folders):
        write_picture(tmp_path / folder / "joy" / "a.png", 10 * number)
        write_picture(tmp_path / folder / "anger" / "deep" / "b.JPG", 100 + 10 * number)
    read = read_faces(tmp_path)
    assert read.classes == ("anger", "joy")
    assert read.split_names() == splits
    assert sorted(read.labels.tolist()) == [0] * len(folders) + [1] * len(folders)
    assert f"{folders[0]}/joy/a.png" in read.names
    assert read.pixels.shape[1:] == (48, 48)


def test_a_picture_that_is_not_square_keeps_its_proportions(tmp_path: Path) -> None:
    path = tmp_path / "joy" / "wide.png"
    write_picture(path, 0)
    write_picture(tmp_path / "rage" / "other.png", 100)
    wide = np.zeros((48, 96), np.uint8)
    wide[:, 40:56] = 255
    cv2.imwrite(str(path), wide)
    face = read_faces(tmp_path).pixels[0]
    assert (face[24] > 128).sum() == 8, "a stripe of a sixth of the width, not of a third"


def test_damaged_pictures_are_left_out_and_reported(tmp_path: Path) -> None:
    for number in range(4):
        write_picture(tmp_path / "train" / "joy" / f"{number}.jpg", number)
        write_picture(tmp_path / "train" / "rage" / f"{number}.jpg", 90 + number)
    (tmp_path / "train" / "joy" / "empty.jpg").write_bytes(b"")
    (tmp_path / "train" / "joy" / "text.png").write_text("not a picture")
    whole = (tmp_path / "train" / "joy" / "0.jpg").read_bytes()
    (tmp_path / "train" / "joy" / "half.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "train" / "joy" / "notes.txt").write_text("not meant to be one")
    read = read_faces(tmp_path)
    assert len(read) == 8
    assert len(read.damaged) == 3
    assert "empty.jpg: not a picture" in read.damaged[0]
    assert "half.jpg: cut short" in read.damaged[1]


def test_a_folder_without_faces_is_an_error_that_names_the_expected_layout(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folders in it"):
        read_faces(tmp_path)
    (tmp_path / "joy").mkdir()
    with pytest.raises(DataError, match="no pictures in its folders"):
        read_faces(tmp_path)
    (tmp_path / "joy" / "a.png").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"no faces in it: .*a\.png: not a picture"):
        read_faces(tmp_path)


def write_set(root: Path, *folders: str) -> Path:
    """Write a picture into each of the folders of a data set."""
    for number, folder in enumerate(folders):
        write_picture(root / folder / "a.png", 5 * number)
    return root


def test_a_zip_of_a_mac_a_notebook_and_a_nas_add_neither_classes_nor_pictures(tmp_path: Path) -> None:
    write_set(tmp_path, "happy", "sad", "happy/.ipynb_checkpoints", "@eaDir/x", "sad/@eaDir/a.png", "__MACOSX/happy")
    (tmp_path / "happy" / "._a.png").write_bytes(bytes.fromhex("00051607000200004d6163204f532058"))
    (tmp_path / "happy" / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    read = read_faces(tmp_path)
    assert (read.classes, read.names.tolist()) == (("happy", "sad"), ["happy/a.png", "sad/a.png"])
    assert read.damaged == ()
    (skipped,) = (notice for notice in read.notices if notice.startswith("skipped"))
    for name in ("@eaDir", "__MACOSX", "happy/._a.png", "(6 in all)"):
        assert name in skipped


def test_pictures_are_recognised_by_their_content(tmp_path: Path) -> None:
    write_set(tmp_path, "happy", "sad")
    encoded = {
        ending: cv2.imencode(ending, np.full((48, 48), 90, np.uint8))[1].tobytes()
        for ending in (".jpg", ".png", ".bmp", ".webp", ".tiff", ".pgm")
    }
    names = ("a.jfif", "b.JFIF", "c.jpg_large", "d.jpg?size=small", "e")
    for name, content in [*((name, encoded[".jpg"]) for name in names), *((f"{k}_", c) for k, c in encoded.items())]:
        (tmp_path / "sad" / f"x{name}").write_bytes(content)
    (tmp_path / "sad" / "notes.txt").write_text("BMP files are pictures, this is none")
    read = read_faces(tmp_path)
    assert (len(read), read.damaged) == (2 + len(names) + len(encoded), ())
    assert "not read, no picture of a known format: sad/notes.txt" in read.notices


def test_a_folder_without_a_readable_format_is_named(tmp_path: Path) -> None:
    write_set(tmp_path, "happy", "sad")
    for name in ("surprise", "fear"):
        (tmp_path / name).mkdir()
    (tmp_path / "surprise" / "IMG_1.heic").write_bytes(b"\0\0\0\x18ftypheic")
    read = read_faces(tmp_path)
    assert read.classes == ("happy", "sad")
    assert "class folders without pictures: fear, surprise" in read.notices
    assert "not read, no picture of a known format: surprise/IMG_1.heic" in read.notices
    for name in ("happy", "sad"):
        (tmp_path / name / "a.png").unlink()
    with pytest.raises(DataError, match=r"no pictures in its folders; .*surprise/IMG_1\.heic"):
        read_faces(tmp_path)


def test_what_lies_outside_the_class_folders_is_named(tmp_path: Path) -> None:
    write_set(tmp_path, "train/happy", "train/sad", "test", "docs/figures")
    (tmp_path / "labels.csv").write_text("x")
    (tmp_path / "train" / "fear").symlink_to("/nowhere")
    (notice,) = read_faces(tmp_path).notices
    assert notice == (
        "not read, outside the class folders: docs, test/a.png, train/fear (No such file or directory), labels.csv"
    )


def test_how_splits_and_classes_were_named_is_reported(tmp_path: Path) -> None:
    read = read_faces(write_set(tmp_path, "train_set/Happy", "train_set/sad ", "test/happy", "test/sad", "test/sad/x"))
    assert read.counts() == {"Training": {"Happy": 1, "sad": 1}, "test": {"Happy": 1, "sad": 2}}
    assert set(read.notices) == {
        "train_set is read as Training",
        "'Happy' and 'happy' are one class, Happy",
        "'sad' and 'sad ' are one class, sad",
        "folders within a class, read as that class: test/sad/x",
    }


@pytest.mark.timeout(60)
def test_an_entry_that_cannot_be_opened_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    write_set(tmp_path, "happy", "sad")
    os.mkfifo(tmp_path / "happy" / "fifo.jpg")
    (tmp_path / "happy" / "zero.jpg").symlink_to("/dev/zero")
    (tmp_path / "happy" / "dead.jpg").symlink_to("/nowhere.jpg")
    (tmp_path / "happy" / "folder.jpg").mkdir()
    (tmp_path / "happy" / os.fsdecode(b"M\xfcller.jpg")).write_bytes((tmp_path / "sad" / "a.png").read_bytes())
    (tmp_path / os.fsdecode(b"fr\xf6hlich")).mkdir()
    read = read_faces(tmp_path)
    assert read.names.tolist() == [os.fsdecode(b"happy/M\xfcller.jpg"), "happy/a.png", "sad/a.png"]
    assert r"outside the class folders: fr\udcf6hlich (a folder whose name is not UTF-8: rename it)" in read.notices[0]
    assert [line.removeprefix(f"{tmp_path}/happy/") for line in read.damaged] == [
        "dead.jpg: No such file or directory",
        "fifo.jpg: neither a file nor a folder",
        "folder.jpg: a folder, not a picture",
        "zero.jpg: neither a file nor a folder",
    ]
