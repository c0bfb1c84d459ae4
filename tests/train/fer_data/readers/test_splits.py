"""Splitting a set without splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.support.fer2013 import write_picture
from tests.support.synthetic_faces import striped_faces

from fer_data.readers import read_faces


def test_a_csv_without_usage_is_split_8_1_1(tmp_path: Path) -> None:
    faces = striped_faces(140)
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


def test_a_folder_without_splits_is_split_in_every_class_and_copies_stay_together(tmp_path: Path) -> None:
    for number in range(40):
        write_picture(tmp_path / "joy" / f"{number}.png", number)
        write_picture(tmp_path / "joy" / f"{number}-copy.png", number)
        write_picture(tmp_path / "rage" / f"{number}.png", 100 + number)
    read = read_faces(tmp_path)
    assert {name: np.bincount(read.split(name).labels).tolist() for name in read.split_names()} == {
        "Training": [64, 32],
        "validation": [8, 4],
        "test": [8, 4],
    }
    split = dict(zip(read.names.tolist(), read.splits.tolist(), strict=True))
    assert all(split[f"joy/{number}.png"] == split[f"joy/{number}-copy.png"] for number in range(40))
    assert np.array_equal(read_faces(tmp_path).splits, read.splits)
