from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support import patterns, write_csv

from fer_data.readers import read_faces
from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_data.readers.ferplus import AS_HINTS, FERPLUS_CLASSES
from fer_edge.errors import DataError

FACE = " ".join(["7"] * 48 * 48)
VOTES = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"


def picture(path: Path, value: int, size: tuple[int, int] = (60, 48)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = np.add.outer(np.arange(size[0]), np.arange(size[1])) % 50 + value
    assert cv2.imwrite(str(path), grey.astype(np.uint8))


def test_what_is_in_the_file_is_read(tmp_path: Path) -> None:
    faces = patterns(40)
    read = read_faces(write_csv(faces, tmp_path / "faces.csv"))
    assert np.array_equal(read.pixels, faces.pixels)
    assert read.labels.tolist() == faces.labels.tolist()
    assert read.names.tolist() == faces.names.tolist()
    assert read.classes == FER2013_CLASSES
    assert read.split_names() == ["PublicTest", "Training"]
    assert len(read.split("PublicTest")) == 10
    assert read.damaged == ()


def test_columns_may_stand_in_any_order_with_blanks_as_in_icml_face_data(tmp_path: Path) -> None:
    (tmp_path / "icml_face_data.csv").write_text(f"emotion, Usage, pixels\n3,Training,{FACE}\n0,PrivateTest,{FACE}\n")
    read = read_faces(tmp_path / "icml_face_data.csv")
    assert (read.labels.tolist(), read.splits.tolist(), int(read.pixels.max())) == (
        [3, 0],
        ["Training", "PrivateTest"],
        7,
    )


def test_a_csv_without_usage_is_split_by_itself(tmp_path: Path) -> None:
    faces = patterns(140)
    rows = (
        f"{label},{' '.join(map(str, face.ravel()))}" for label, face in zip(faces.labels, faces.pixels, strict=True)
    )
    (tmp_path / "train.csv").write_text("emotion,pixels\n" + "\n".join(rows))
    read = read_faces(tmp_path / "train.csv")
    assert {name: len(read.split(name)) for name in read.split_names()} == {
        "Training": 112,
        "test": 14,
        "validation": 14,
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no column emotion, pixels; expected emotion, pixels, Usage"),
        ("emotion,pixels,Usage\n", "no faces"),
        ("emotion,Usage\n", "no column pixels"),
        (f"emotion,pixels,Usage\n7,{FACE},Training\n", "line 2: emotion '7' is not one of 0..6"),
    ],
)
def test_a_file_with_nothing_to_read_in_it_is_an_error(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "f.csv").write_text(text)
    with pytest.raises(DataError, match=complaint):
        read_faces(tmp_path / "f.csv")


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (f"7,{FACE},Training", "line 3: emotion '7'"),
        (f"happy,{FACE},Training", "line 3: emotion 'happy'"),
        ("3,1 2 3,Training", "line 3: .* found 3"),
        (f"3,{FACE[:-1]}256,Training", "line 3: .*0..255"),
        (f"3,{FACE[:-1]}x,Training", "line 3: a pixel is not a number"),
        (f"3,{FACE[:-1]}99999999999999999999,Training", "line 3: a pixel is not a number"),
        ("3,,Training", "line 3: .* found 0"),
        ("3", "line 3: "),
    ],
)
def test_a_damaged_row_is_left_out_and_named(tmp_path: Path, row: str, complaint: str) -> None:
    (tmp_path / "f.csv").write_text(f"emotion,pixels,Usage\n3,{FACE},Training\n{row}\n1,{FACE},PublicTest\n")
    read = read_faces(tmp_path / "f.csv")
    assert read.labels.tolist() == [3, 1]
    assert len(read.damaged) == 1
    assert re.search(complaint, read.damaged[0])


def test_a_path_that_is_missing_or_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_bytes(bytes(range(256)))
    for path in (tmp_path / "nosuch.csv", tmp_path / "f.csv"):
        with pytest.raises(DataError, match=str(path)):
            read_faces(path)


def votes(tmp_path: Path, *rows: str) -> tuple[Path, Path]:
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n" + f"3,{FACE},Training\n" * len(rows))
    (tmp_path / "fer2013new.csv").write_text(VOTES + "".join(f"Training,fer.png,{row}\n" for row in rows))
    return tmp_path / "fer2013.csv", tmp_path / "fer2013new.csv"


def test_the_votes_of_ferplus_become_the_labels(tmp_path: Path) -> None:
    rows = ["0,8,2,0,0,0,0,0,0,0", "1,0,0,0,6,0,0,3,0,0", "0,2,0,0,0,0,0,0,6,2", "1,1,0,0,0,0,0,0,0,8"]
    read = read_faces(*votes(tmp_path, *rows))
    assert read.classes == FERPLUS_CLASSES
    assert read.names.tolist() == ["line 2", "line 3"], "most saw no expression they know, or no face, in the others"
    assert [read.classes[label] for label in read.labels] == ["happy", "angry"]
    assert read.votes is not None
    assert np.allclose(read.votes[0], [0, 0.8, 0.2, 0, 0, 0, 0, 0])
    assert np.allclose(read.votes[1], [0, 0, 0, 0, 6 / 9, 0, 0, 3 / 9]), "a single vote does not count"


def test_as_hints_the_votes_stand_beside_the_labels_of_every_row(tmp_path: Path) -> None:
    data, ferplus = votes(tmp_path, "0,8,2,0,0,0,0,0,0,0", "0,0,0,0,0,0,0,0,0,10")
    read = read_faces(data, ferplus, AS_HINTS)
    assert (read.classes, read.labels.tolist(), read.votes) == (FER2013_CLASSES, [3, 3], None)
    assert read.hints is not None
    assert np.allclose(read.hints, [[0, 0.8, 0.2, 0, 0, 0, 0, 0, 0, 0], [0] * 9 + [1]])


def test_votes_that_do_not_go_with_the_rows_are_refused(tmp_path: Path) -> None:
    data, ferplus = votes(tmp_path, "0,8,2,0,0,0,0,0,0,0", "0,0,0,0,0,0,0,0,0,10")
    lines = ferplus.read_text().splitlines(keepends=True)
    for text, complaint in (
        ("".join(lines[:2]), "row 2 is Training, the votes have nothing"),
        ("".join([*lines, lines[-1]]), "has 2 rows and the votes have 3"),
        ("".join(lines).replace("Training", "PublicTest"), "row 1 is Training, the votes have PublicTest"),
        ("".join(lines).replace("8,2", "8,many"), "line 2: votes are numbers"),
        ("".join(lines).replace("contempt", "scorn"), "no column contempt"),
    ):
        ferplus.write_text(text)
        with pytest.raises(DataError, match=complaint):
            read_faces(data, ferplus)
    with pytest.raises(DataError, match="is a folder"):
        read_faces(tmp_path, ferplus)


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
        picture(tmp_path / folder / "joy" / "a.png", 10 * number)
        picture(tmp_path / folder / "anger" / "deep" / "b.JPG", 100 + 10 * number)
    read = read_faces(tmp_path)
    assert read.classes == ("anger", "joy")
    assert read.split_names() == splits
    assert sorted(read.labels.tolist()) == [0] * len(folders) + [1] * len(folders)
    assert f"{folders[0]}/joy/a.png" in read.names
    assert read.pixels.shape[1:] == (48, 48)


def test_a_folder_without_splits_is_split_in_every_class_alike_and_copies_stay_together(tmp_path: Path) -> None:
    for number in range(40):
        picture(tmp_path / "joy" / f"{number}.png", number)
        picture(tmp_path / "joy" / f"{number}-copy.png", number)
        picture(tmp_path / "rage" / f"{number}.png", 100 + number)
    read = read_faces(tmp_path)
    assert {name: np.bincount(read.split(name).labels).tolist() for name in read.split_names()} == {
        "Training": [64, 32],
        "validation": [8, 4],
        "test": [8, 4],
    }
    split = dict(zip(read.names.tolist(), read.splits.tolist(), strict=True))
    assert all(split[f"joy/{number}.png"] == split[f"joy/{number}-copy.png"] for number in range(40))
    assert np.array_equal(read_faces(tmp_path).splits, read.splits)


def test_a_picture_that_is_no_square_keeps_its_proportions(tmp_path: Path) -> None:
    path = tmp_path / "joy" / "wide.png"
    picture(path, 0)
    picture(tmp_path / "rage" / "other.png", 100)
    wide = np.zeros((48, 96), np.uint8)
    wide[:, 40:56] = 255
    cv2.imwrite(str(path), wide)
    face = read_faces(tmp_path).pixels[0]
    assert (face[24] > 128).sum() == 8, "a stripe of a sixth of the width, not of a third"


def test_damaged_pictures_are_left_out_and_named(tmp_path: Path) -> None:
    for number in range(4):
        picture(tmp_path / "train" / "joy" / f"{number}.jpg", number)
        picture(tmp_path / "train" / "rage" / f"{number}.jpg", 90 + number)
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


def test_a_folder_that_holds_no_faces_says_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folders in it"):
        read_faces(tmp_path)
    (tmp_path / "joy").mkdir()
    with pytest.raises(DataError, match="no pictures in its folders"):
        read_faces(tmp_path)
    (tmp_path / "joy" / "a.png").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"no faces in it: .*a\.png: not a picture"):
        read_faces(tmp_path)
