"""Folders of pictures."""

from __future__ import annotations

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
