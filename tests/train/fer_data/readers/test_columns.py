"""csv files in the forms in which people have them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.fer2013 import FACE

from fer_data.readers import read_faces
from fer_data.readers.columns import open_csv
from fer_data.readers.ferplus import AS_HINTS
from fer_edge.errors import DataError

ROWS = ((3, "Training"), (0, "PublicTest"), (6, "PrivateTest"))


def write_rows(header: str = "emotion,pixels,Usage", row: str = "{0},{1},{2}", end: str = "\n") -> str:
    """A csv of three faces, each row made from its label, its pixels and its split."""
    return "".join(line + end for line in [header, *(row.format(label, FACE, usage) for label, usage in ROWS)])


PLAIN = write_rows()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbf" + PLAIN.encode(), id="a byte order mark, as Excel writes it"),
        pytest.param(
            b"\xef\xbb\xbf" + write_rows('"emotion","pixels","Usage"', end="\r\n").encode(), id="a mark, quotes"
        ),
        pytest.param(b"\xff\xfe" + PLAIN.replace(",", "\t").encode("utf-16-le"), id="Excel's Unicode text"),
        pytest.param(b"\xfe\xff" + PLAIN.encode("utf-16-be"), id="UTF-16, big endian"),
        pytest.param(PLAIN.encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param(PLAIN.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(b"sep=;\r\n" + PLAIN.replace(",", ";").encode(), id="Excel's separator line"),
        pytest.param(PLAIN.replace(",", "\t").encode(), id="tabs"),
        pytest.param(b"\n" + PLAIN.replace("\n", "\n\n").encode(), id="blank lines"),
        pytest.param(PLAIN.replace(",", ";").replace("\n", "\n;;\n").encode(), id="lines of separators"),
        pytest.param(write_rows("Emotion,Pixels,usage").encode(), id="other case"),
        pytest.param(write_rows(" Usage , emotion,PIXELS", " {2} , {0} ,{1}").encode(), id="another order, blanks"),
        pytest.param(write_rows(",emotion,pixels,Usage", "0,{0},{1},{2}").encode(), id="an index"),
        pytest.param(
            write_rows("emotion,note,pixels,Usage", '{0},"a\nb",{1},{2}').encode(), id="a line break in quotes"
        ),
        pytest.param(write_rows("emotion;pixels;split", "{0},0;{1};{2}").encode(), id="decimal commas"),
        pytest.param(write_rows(row='{0}.0,"[' + FACE.replace(" ", ", ") + ']",{2}').encode(), id="floats, brackets"),
        pytest.param(write_rows(row="{0},[" + FACE.replace("7", "7.") + "],{2}").encode(), id="arrays of floats"),
    ],
)
def test_every_usual_form_gives_the_same_faces(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f.csv").write_bytes(content)
    read = read_faces(tmp_path / "f.csv")
    assert read.labels.tolist() == [label for label, _ in ROWS]
    assert read.splits.tolist() == [usage for _, usage in ROWS]
    assert (read.pixels == 7).all()
    assert (read.damaged, read.notices) == ((), ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"no column emotion, pixels; its columns are none .*; expected emotion, pixels, Usage"),
        ("emotion,pixels,Usage\n", "no faces"),
        ("emotion,Usage\n", "no column pixels"),
        ("pixels;Usage\n", r"no column emotion; its columns are pixels, Usage \(separator: semicolon\)"),
        (f"3,{FACE},Training\n", r"its columns are 3, (7 ){40}, Training \(separator: comma\)"),
        (f"label{',pixel' * 2304}\n", r"label, pixel, pixel, pixel, pixel, \.\.\. \(2,305 in all\)"),
        ("emotion,Emotion,pixels\n", "two columns emotion"),
        (f"emotion,pixels,Usage\n7,{FACE},Training\n", "line 2: emotion '7' is not one of 0..6"),
        ("PK\x03\x04\udcff", "not a csv file in UTF-8 or UTF-16: save it as CSV UTF-8, or unpack the archive"),
    ],
)
def test_an_error_lists_the_columns_and_the_separator_found(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "f.csv").write_text(text, errors="surrogateescape")
    with pytest.raises(DataError, match=message):
        read_faces(tmp_path / "f.csv")


def test_a_missing_or_binary_file_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_bytes(bytes(range(256)))
    for path in (tmp_path / "nosuch.csv", tmp_path / "f.csv"):
        with pytest.raises(DataError, match=str(path)):
            read_faces(path)


@pytest.mark.timeout(10)
def test_a_pipe_or_a_device_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    for path in (tmp_path / "f.csv", tmp_path / "zero.csv"):
        with pytest.raises(DataError, match="neither a file nor a folder"):
            read_faces(path)


def test_the_text_of_all_records_is_the_file_itself(tmp_path: Path) -> None:
    content = b"\xff\xfe" + write_rows("emotion,pixels,Usage", '{0},{1},"{2}\r\n"', "\r\n\r\n").encode("utf-16-le")
    (tmp_path / "f.csv").write_bytes(content)
    file = open_csv(tmp_path / "f.csv", ("emotion",))
    assert "".join(text for _, _, text in file.records()).encode(file.encoding) == content


def test_votes_are_read_from_such_files_too(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text(PLAIN)
    header = "usage;Image name;Neutral;happiness;surprise;sadness;anger;disgust;fear;contempt;unknown;NF"
    rows = "".join(f"{usage};x.png;0;9;0;0;0;0;0;0;0;1\r\n" for _, usage in ROWS)
    (tmp_path / "votes.csv").write_bytes(b"\xef\xbb\xbf" + f"{header}\r\n{rows}".encode())
    hints = read_faces(tmp_path / "f.csv", tmp_path / "votes.csv", AS_HINTS).hints
    assert hints is not None
    assert hints[:, 1].tolist() == pytest.approx([0.9] * 3)
