"""The flags of a data source, and the faces that they describe; messages on wrong flags: commands/test_fit.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.fer2013 import FACE, write_picture
from tests.support.synthetic_faces import striped_faces, write_csv

from fer_data.data_source import DataSource, add_source_flags, parse_source
from fer_edge.command_line import OneLineParser
from fer_edge.errors import DataError, UsageError


def test_flags_become_a_source() -> None:
    parser = OneLineParser()
    parser.add_argument("--data", type=Path)
    add_source_flags(parser)
    flags = ["--data", "f.csv", "--merge", "a+b=c", "--merge", "d=e", "--classes", "c, e", "--ferplus", "v.csv"]
    expected = DataSource(Path("f.csv"), Path("v.csv"), "labels", ("a+b=c", "d=e"), ("c", "e"))
    assert parse_source(parser.parse_args(flags)) == expected
    assert parse_source(parser.parse_args(["--data", "f.csv"])) == DataSource(Path("f.csv"))


def test_classes_are_merged_and_then_chosen(tmp_path: Path) -> None:
    data = write_csv(striped_faces(70), tmp_path / "faces.csv")
    faces = DataSource(data, merge=("angry+disgust=bad",), classes=("happy", "bad")).read()
    assert faces.classes == ("happy", "bad")
    assert len(faces) == 30


def test_names_with_separators_are_escaped(tmp_path: Path) -> None:
    for number, name in enumerate(("a,b", "x=y", "c+d", "e")):
        write_picture(tmp_path / "faces" / name / "1.png", number)
        write_picture(tmp_path / "faces" / name / "2.png", number + 50)
    parser = OneLineParser()
    parser.add_argument("--data", type=Path)
    add_source_flags(parser)
    flags = ["--data", str(tmp_path / "faces"), "--merge", r"x\=y+c\+d=1\+1=2", "--classes", r"a\,b,1+1=2"]
    assert parse_source(parser.parse_args(flags)).read().classes == ("a,b", "1+1=2")


def test_an_unknown_class_in_a_merge_is_an_error_unless_lenient(tmp_path: Path) -> None:
    data = write_csv(striped_faces(70), tmp_path / "faces.csv")
    with pytest.raises(UsageError, match=r"--merge angry\+bored=bad: the data has no bored"):
        DataSource(data, merge=("angry+bored=bad",)).read()
    assert "bad" in DataSource(data, merge=("angry+bored=bad",), lenient=True).read().classes


def test_faces_of_a_single_class_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text(f"emotion,pixels,Usage\n3,{FACE},Training\n")
    with pytest.raises(DataError, match=r"faces of one class only \(happy\)"):
        DataSource(tmp_path / "f.csv").read()


def test_damaged_rows_are_reported_up_to_a_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = f"3,{FACE},Training\n1,{FACE},Training\n" + f"9,{FACE},Training\n" * 7
    (tmp_path / "f.csv").write_text(f"emotion,pixels,Usage\n{rows}")
    DataSource(tmp_path / "f.csv").read()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 6
    assert lines[0].endswith("f.csv, line 4: emotion '9' is not one of 0..6 or their names")
    assert lines[-1] == "left out: 2 more, 7 in all"


def test_how_the_data_was_read_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "f.csv"
    data.write_text("emotion,pixels\n" + f"3,{FACE}\n1,{FACE}\n" * 10)
    DataSource(data).read()
    assert capsys.readouterr().err.splitlines() == [
        f"{data}: no column Usage; its columns are emotion, pixels",
        f"{data}: no splits in it: a tenth of each class becomes validation, a tenth test",
    ]


def test_a_class_may_be_spelled_differently_in_a_merge(tmp_path: Path) -> None:
    data = write_csv(striped_faces(70), tmp_path / "faces.csv")
    assert "bad" in DataSource(data, merge=("Angry + DISGUST=bad",)).read().classes
