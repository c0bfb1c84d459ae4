"""Cleaning a data set; rules, originals and rejected are tested with it."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import pytest
from tests.support.planted_defects import (
    PHOTOGRAPHS,
    defective_faces,
    read_rejected,
    read_tree,
    write_clean_folder,
    write_defective_folder,
)
from tests.support.synthetic_faces import striped_faces, write_csv

from fer_train.dataset_tools.cleaning import clean
from fer_train.dataset_tools.rules import RULES

ALL_REASONS = ",".join(RULES)


def test_each_planted_defect_is_rejected_and_nothing_else(tmp_path: Path) -> None:
    data = write_defective_folder(tmp_path / "faces")
    before = read_tree(data)
    clean(data, tmp_path / "out")
    assert read_rejected(tmp_path / "out") == {
        "flat": ("flat", ""),
        "tiny": ("tiny", ""),
        "copy": ("copy", "b"),
        "a": ("contradiction", "contradiction"),
        "contradiction": ("contradiction", "a"),
        "leak": ("leak", "f"),
        "truncated": ("unreadable", ""),
        "empty": ("unreadable", ""),
    }
    assert read_tree(data) == before
    kept = read_tree(tmp_path / "out")
    del kept["rejected.csv"]
    excluded = read_rejected(tmp_path / "out")
    assert kept == {name: content for name, content in before.items() if Path(name).stem not in excluded}


def test_entries_that_cannot_be_opened_are_rejected_and_system_files_left_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_clean_folder(tmp_path / "faces")
    os.mkfifo(data / "train/happy/fifo.png")
    (data / "train/happy" / os.fsdecode(b"\xfc.png")).symlink_to("/nowhere")
    (data / "train/happy/.DS_Store").write_bytes(b"x")
    (data / "train/happy/notes.txt").write_bytes(b"x")
    kept, counts = clean(data, tmp_path / "out")
    assert (kept, counts["unreadable"]) == (7, 2)
    assert read_rejected(tmp_path / "out") == {"fifo": ("unreadable", ""), r"\udcfc": ("unreadable", "")}
    assert set(read_tree(tmp_path / "out")) == {"rejected.csv", *PHOTOGRAPHS}
    assert capsys.readouterr().err.splitlines() == [
        f"{data}: not read, no picture of a known format: train/happy/notes.txt",
        f"{data}: skipped, of the operating system or a program: train/happy/.DS_Store",
    ]


def test_a_csv_in_another_form_is_cleaned_in_that_form(tmp_path: Path) -> None:
    text = write_csv(defective_faces(), tmp_path / "plain.csv").read_text()
    data = tmp_path / "faces.csv"
    text = text.replace(",", ";").replace("emotion", "Emotion").replace("\n", "\r\n\r\n")
    data.write_bytes(b"\xff\xfe" + text.encode("utf-16-le"))
    kept, _ = clean(data, tmp_path / "out")
    assert kept == 79
    content = (tmp_path / "out" / "faces.csv").read_bytes()
    lines = content.decode("utf-16").split("\r\n")
    assert content.startswith(b"\xff\xfe")
    assert set(lines) < set(text.split("\r\n"))
    assert sum(map(bool, lines)) == 1 + kept


def test_near_blurred_and_faceless_are_rejected_on_request(tmp_path: Path) -> None:
    data = write_defective_folder(tmp_path / "faces")
    clean(data, tmp_path / "out", ["faceless", "near", "blurred"])
    found = read_rejected(tmp_path / "out")
    assert found["near"] == ("near", "d")
    assert found["blurred"] == ("blurred", "")
    assert found["faceless"] == ("faceless", "")
    assert set(found) <= {"near", "blurred", "faceless", "flat", "tiny", "truncated", "empty"}


def test_the_kept_rows_of_a_csv_are_copied_byte_for_byte(tmp_path: Path) -> None:
    data = write_csv(defective_faces(), tmp_path / "fer2013.csv")
    text = data.read_text().replace("\n", "\r\n").removesuffix("\r\n").split("\r\n")
    text[4] = text[4].replace(" ", " x ", 1)
    text[20] = text[20].replace(",", ',"', 1).replace(",Tr", '",Tr').replace(" ", "  ", 1)
    data.write_bytes("\r\n".join(text).encode())
    kept, counts = clean(data, tmp_path / "out")
    found = read_rejected(tmp_path / "out")
    assert found == {
        "line 3": ("flat", ""),
        "line 4": ("contradiction", "line 12"),
        "line 12": ("contradiction", "line 4"),
        "line 17": ("copy", "line 10"),
        "line 15": ("leak", "line 8"),
        "line 5": ("unreadable", ""),
    }
    excluded = {int(name.removeprefix("line ")) for name in found}
    lines = (line for number, line in enumerate(text, 1) if number not in excluded)
    assert (tmp_path / "out" / "fer2013.csv").read_bytes() == "\r\n".join(lines).encode()
    assert kept == 84 - len(found)
    assert sum(counts.values()) == len(found)


@pytest.mark.parametrize("reject", [*RULES, ALL_REASONS])
@pytest.mark.parametrize("form", ["folders", "csv"])
def test_cleaning_twice_rejects_nothing_the_second_time(tmp_path: Path, form: str, reject: str) -> None:
    if form == "csv":
        data = write_csv(defective_faces(), tmp_path / "faces.csv")
        reject = reject.replace(",faceless", "").replace("faceless", "blurred")  # synthetic faces have none
    else:
        data = write_defective_folder(tmp_path / "faces")
    clean(data, tmp_path / "once", reject.split(","))
    again = tmp_path / "once" / ("faces.csv" if form == "csv" else "")
    _, counts = clean(again, tmp_path / "twice", reject.split(","))
    assert not any(counts.values())
    assert read_rejected(tmp_path / "twice") == {}


def test_a_set_without_splits_counts_as_one_split(tmp_path: Path) -> None:
    data = write_clean_folder(tmp_path / "faces") / "train"
    shutil.copyfile(data / "happy/a.png", data / "happy/z.png")
    clean(data, tmp_path / "out")
    assert read_rejected(tmp_path / "out") == {"z": ("copy", "a")}
    with (tmp_path / "out" / "rejected.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["split"] == ""


def test_a_csv_without_usage_counts_as_one_split(tmp_path: Path) -> None:
    rows = write_csv(defective_faces(), tmp_path / "all.csv").read_text().splitlines()
    data = tmp_path / "faces.csv"
    data.write_text("".join(row.rsplit(",", 1)[0] + "\n" for row in rows))
    clean(data, tmp_path / "once")
    found = read_rejected(tmp_path / "once")
    assert found["line 15"] == ("copy", "line 8")
    assert len(found) == 5
    clean(tmp_path / "once" / "faces.csv", tmp_path / "twice")
    assert read_rejected(tmp_path / "twice") == {}


def test_of_near_copies_across_splits_the_one_in_training_is_rejected(tmp_path: Path) -> None:
    faces = striped_faces(28)
    faces.splits[:] = "Training"
    faces.splits[20] = "PublicTest"
    faces.pixels[6] = faces.pixels[20] // 2 + 50
    clean(write_csv(faces, tmp_path / "faces.csv"), tmp_path / "out", ["near"])
    assert read_rejected(tmp_path / "out")["line 8"] == ("near", "line 22")
    assert "line 22" not in read_rejected(tmp_path / "out")
