from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.support import patterns, write_csv

from fer_edge.dataset import FER2013_CLASSES, read_faces, stratified
from fer_edge.errors import DataError

FACE = " ".join(["7"] * 48 * 48)


def test_what_is_in_the_file_is_read(tmp_path: Path) -> None:
    faces = patterns(40)
    read = read_faces(write_csv(faces, tmp_path / "faces.csv"))
    assert np.array_equal(read.pixels, faces.pixels)
    assert read.labels.tolist() == faces.labels.tolist()
    assert read.classes == FER2013_CLASSES
    assert read.split_names() == ["PublicTest", "Training"]
    assert len(read.split("PublicTest")) == 10


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text(f"Usage, pixels,emotion\nTraining,{FACE},3\n")
    read = read_faces(tmp_path / "f.csv")
    assert (read.labels.tolist(), read.splits.tolist(), int(read.pixels.max())) == ([3], ["Training"], 7)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no column"),
        ("emotion,pixels,Usage\n", "no faces"),
        ("emotion,pixels\n", "no column Usage"),
        (f"emotion,pixels,Usage\n3,{FACE},Training\n7,{FACE},Training\n", "line 3: emotion 7"),
        (f"emotion,pixels,Usage\nhappy,{FACE},Training\n", "line 2"),
        ("emotion,pixels,Usage\n3,1 2 3,Training\n", "line 2: .* found 3"),
        (f"emotion,pixels,Usage\n3,{FACE[:-1]}256,Training\n", "line 2: .*0..255"),
        (f"emotion,pixels,Usage\n3,{FACE[:-1]}x,Training\n", "line 2"),
        (f"emotion,pixels,Usage\n3,{FACE}\n", "line 2"),
        ("emotion,pixels,Usage\n3,,Training\n", "line 2: .* found 0"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "f.csv").write_text(text)
    with pytest.raises(DataError, match=complaint):
        read_faces(tmp_path / "f.csv")


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_bytes(bytes(range(256)))
    for path in (tmp_path / "nosuch.csv", tmp_path, tmp_path / "f.csv"):
        with pytest.raises(DataError, match=str(path)):
            read_faces(path)


def test_a_split_that_is_not_there_says_which_are() -> None:
    with pytest.raises(DataError, match="PublicTest, Training"):
        patterns(40).split("PrivateTest")


def test_a_stratified_part_has_every_class_and_is_the_same_each_time() -> None:
    labels = np.repeat([0, 1, 2], [100, 10, 2])
    chosen = stratified(labels, 0.1, seed=3)
    assert np.bincount(labels[chosen]).tolist() == [10, 1, 1]
    assert np.array_equal(chosen, stratified(labels, 0.1, seed=3))
    assert not np.array_equal(chosen, stratified(labels, 0.1, seed=4))
