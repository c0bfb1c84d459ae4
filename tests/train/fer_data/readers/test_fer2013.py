"""fer2013.csv and icml_face_data.csv."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from tests.support.fer2013 import FACE
from tests.support.synthetic_faces import striped_faces, write_csv

from fer_data.readers import read_faces
from fer_data.readers.fer2013 import FER2013_CLASSES


def test_faces_labels_and_splits_are_read(tmp_path: Path) -> None:
    faces = striped_faces(40)
    read = read_faces(write_csv(faces, tmp_path / "faces.csv"))
    assert np.array_equal(read.pixels, faces.pixels)
    assert read.labels.tolist() == faces.labels.tolist()
    assert read.names.tolist() == faces.names.tolist()
    assert read.classes == FER2013_CLASSES
    assert read.split_names() == ["PublicTest", "Training"]
    assert len(read.split("PublicTest")) == 10
    assert read.damaged == ()


def test_columns_may_be_in_any_order_with_blanks_as_in_icml_face_data(tmp_path: Path) -> None:
    (tmp_path / "icml_face_data.csv").write_text(f"emotion, Usage, pixels\n3,Training,{FACE}\n0,PrivateTest,{FACE}\n")
    read = read_faces(tmp_path / "icml_face_data.csv")
    assert (read.labels.tolist(), read.splits.tolist(), int(read.pixels.max())) == (
        [3, 0],
        ["Training", "PrivateTest"],
        7,
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (f"7,{FACE},Training", "line 3: emotion '7'"),
        (f"bored,{FACE},Training", "line 3: emotion 'bored'"),
        ("3,1 2 3,Training", "line 3: .* found 3"),
        (f"3,{FACE[:-1]}256,Training", "line 3: .*0..255"),
        (f"3,{FACE[:-1]}x,Training", "line 3: a pixel is not a number"),
        (f"3,{FACE[:-1]}99999999999999999999,Training", "line 3: .*0..255"),
        ("3,,Training", "line 3: .* found 0"),
        ("3", "line 3: "),
        (f"3,{FACE},", "line 3: no Usage"),
        (f"3,{FACE.replace('7', '0.5')},Training", "line 3: a pixel is not a whole number .*0.5 to 0.5"),
        (f"3,{FACE[:-1]}nan,Training", "line 3: a pixel is not a whole number"),
        (f"3,[{FACE[:9]} ... {FACE[:9]}],Training", "line 3: .* found 11"),
        (f"nan,{FACE},Training", "line 3: emotion 'nan'"),
        (f"3.5,{FACE},Training", "line 3: emotion '3.5'"),
    ],
)
def test_a_damaged_row_is_left_out_and_reported(tmp_path: Path, row: str, message: str) -> None:
    (tmp_path / "f.csv").write_text(f"emotion,pixels,Usage\n3,{FACE},Training\n{row}\n1,{FACE},PublicTest\n")
    read = read_faces(tmp_path / "f.csv")
    assert read.labels.tolist() == [3, 1]
    assert len(read.damaged) == 1
    assert re.search(message, read.damaged[0])


def test_emotions_may_be_names_and_files_of_other_tools_have_some_for_each(tmp_path: Path) -> None:
    names = ["Angry", "anger", "Disgusted", "FEARFUL", " happiness ", "sadness", "surprised", "Neutral"]
    rows = "".join(f"{name},{FACE},Training\n" for name in names)
    (tmp_path / "f.csv").write_text(f"emotion,pixels,Usage\n{rows}")
    assert read_faces(tmp_path / "f.csv").labels.tolist() == [0, 0, 1, 2, 3, 4, 5, 6]


def test_values_of_usage_are_read_as_splits_or_reported(tmp_path: Path) -> None:
    usages = ["TRAIN", "val", "test_set", "Holdout", "Holdout"]
    rows = "".join(f"3,{FACE},{usage}\n" for usage in usages)
    (tmp_path / "f.csv").write_text(f"emotion,pixels,usage\n{rows}")
    read = read_faces(tmp_path / "f.csv")
    assert read.splits.tolist() == ["Training", "validation", "test", "Holdout", "Holdout"]
    assert read.notices == (
        "Usage Holdout (2 rows) is no known split, and kept under this name",
        "Usage test_set is read as test",
    )


def test_a_missing_usage_is_reported_with_the_columns_found(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("emotion,pixels,usages\n" + f"3,{FACE},Training\n" * 10)
    read = read_faces(tmp_path / "f.csv")
    assert read.split_names() == ["Training", "test", "validation"]
    assert read.notices[0] == "no column Usage; its columns are emotion, pixels, usages"
    assert read.notices[1].startswith("no splits in it: a tenth of each class")
