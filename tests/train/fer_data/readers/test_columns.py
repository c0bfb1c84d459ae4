"""Columns of a csv file."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.fer2013 import FACE

from fer_data.readers import read_faces
from fer_edge.errors import DataError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"no column emotion, pixels; its columns are none .*; expected emotion, pixels, Usage"),
        ("emotion,pixels,Usage\n", "no faces"),
        ("emotion,Usage\n", "no column pixels"),
        (f"emotion,pixels,Usage\n7,{FACE},Training\n", "line 2: emotion '7' is not one of 0..6"),
    ],
)
def test_a_file_without_the_columns_or_without_rows_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "f.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_faces(tmp_path / "f.csv")


def test_a_missing_or_binary_file_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_bytes(bytes(range(256)))
    for path in (tmp_path / "nosuch.csv", tmp_path / "f.csv"):
        with pytest.raises(DataError, match=str(path)):
            read_faces(path)
