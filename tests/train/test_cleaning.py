"""fer-train clean and crop: what is kept, what is rejected and why."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support import MEDIA, patterns, run_here, write_csv
from tests.support.planted_faults import clean_folder, photograph, planted_folder, save
from tests.support.refusals import assert_refused
from tests.train.test_inspection import fer_train

from fer_data.dataset import FaceSet
from fer_data.readers import read_faces
from fer_train.dataset_tools.cleaning import clean
from fer_train.dataset_tools.cropping import CropCounts, crop
from fer_train.dataset_tools.rules import RULES

EVERY = ",".join(RULES)


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def rejected(out: Path) -> dict[str, tuple[str, str]]:
    with (out / "rejected.csv").open(newline="") as file:
        return {Path(row["name"]).stem: (row["reason"], Path(row["copy of"]).stem) for row in csv.DictReader(file)}


def defective(count: int = 84) -> FaceSet:
    """Made-up faces: line 3 flat, line 10 a copy of line 17, line 4 contradicts line 12, line 15 leaks line 8."""
    faces = patterns(count)
    faces.splits[:] = "Training"
    faces.splits[[6, count - 1]] = "PublicTest"
    faces.pixels[1] = 90
    faces.pixels[15] = faces.pixels[8]
    faces.pixels[2] = faces.pixels[10]
    faces.pixels[13] = faces.pixels[6]
    return faces


def test_folders_lose_each_planted_defect_and_nothing_else(tmp_path: Path) -> None:
    data = planted_folder(tmp_path / "faces")
    before = tree(data)
    assert fer_train("clean", data, "--out", tmp_path / "out") == 0
    assert rejected(tmp_path / "out") == {
        "flat": ("flat", ""),
        "tiny": ("tiny", ""),
        "copy": ("copy", "b"),
        "a": ("contradiction", "contradiction"),
        "contradiction": ("contradiction", "a"),
        "leak": ("leak", "f"),
        "truncated": ("unreadable", ""),
        "empty": ("unreadable", ""),
    }
    assert tree(data) == before
    kept = tree(tmp_path / "out")
    del kept["rejected.csv"]
    gone = rejected(tmp_path / "out")
    assert kept == {name: content for name, content in before.items() if Path(name).stem not in gone}


def test_near_blurred_and_faceless_go_when_asked_for(tmp_path: Path) -> None:
    data = planted_folder(tmp_path / "faces")
    assert fer_train("clean", data, "--out", tmp_path / "out", "--reject", "faceless,near,blurred") == 0
    found = rejected(tmp_path / "out")
    assert found["near"] == ("near", "d")
    assert found["blurred"] == ("blurred", "")
    assert found["faceless"] == ("faceless", "")
    assert set(found) <= {"near", "blurred", "faceless", "flat", "tiny", "truncated", "empty"}


def test_a_csv_keeps_the_other_rows_byte_for_byte(tmp_path: Path) -> None:
    data = write_csv(defective(), tmp_path / "fer2013.csv")
    text = data.read_text().replace("\n", "\r\n").removesuffix("\r\n").split("\r\n")
    text[4] = text[4].replace(" ", " x ", 1)
    text[20] = text[20].replace(",", ',"', 1).replace(",Tr", '",Tr').replace(" ", "  ", 1)
    data.write_bytes("\r\n".join(text).encode())
    kept, counts = clean(data, tmp_path / "out")
    found = rejected(tmp_path / "out")
    assert found == {
        "line 3": ("flat", ""),
        "line 4": ("contradiction", "line 12"),
        "line 12": ("contradiction", "line 4"),
        "line 17": ("copy", "line 10"),
        "line 15": ("leak", "line 8"),
        "line 5": ("unreadable", ""),
    }
    gone = {int(name.removeprefix("line ")) for name in found}
    lines = (line for number, line in enumerate(text, 1) if number not in gone)
    assert (tmp_path / "out" / "fer2013.csv").read_bytes() == "\r\n".join(lines).encode()
    assert kept == 84 - len(found)
    assert sum(counts.values()) == len(found)


@pytest.mark.parametrize("reject", [*RULES, EVERY])
@pytest.mark.parametrize("form", ["folders", "csv"])
def test_cleaning_what_was_cleaned_rejects_nothing(tmp_path: Path, form: str, reject: str) -> None:
    if form == "csv":
        data = write_csv(defective(), tmp_path / "faces.csv")
        reject = reject.replace(",faceless", "").replace("faceless", "blurred")  # there is none in these
    else:
        data = planted_folder(tmp_path / "faces")
    clean(data, tmp_path / "once", reject.split(","))
    again = tmp_path / "once" / ("faces.csv" if form == "csv" else "")
    _, counts = clean(again, tmp_path / "twice", reject.split(","))
    assert not any(counts.values())
    assert rejected(tmp_path / "twice") == {}


def test_a_set_without_splits_is_one_part(tmp_path: Path) -> None:
    data = clean_folder(tmp_path / "faces") / "train"
    shutil.copyfile(data / "happy/a.png", data / "happy/z.png")
    clean(data, tmp_path / "out")
    assert rejected(tmp_path / "out") == {"z": ("copy", "a")}
    with (tmp_path / "out" / "rejected.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["split"] == ""


def test_a_csv_without_usage_is_one_part_and_stays_clean(tmp_path: Path) -> None:
    rows = write_csv(defective(), tmp_path / "all.csv").read_text().splitlines()
    data = tmp_path / "faces.csv"
    data.write_text("".join(row.rsplit(",", 1)[0] + "\n" for row in rows))
    clean(data, tmp_path / "once")
    found = rejected(tmp_path / "once")
    assert found["line 15"] == ("copy", "line 8")
    assert len(found) == 5
    clean(tmp_path / "once" / "faces.csv", tmp_path / "twice")
    assert rejected(tmp_path / "twice") == {}


def test_of_near_copies_across_splits_the_one_in_training_goes(tmp_path: Path) -> None:
    faces = patterns(28)
    faces.splits[:] = "Training"
    faces.splits[20] = "PublicTest"
    faces.pixels[6] = faces.pixels[20] // 2 + 50
    clean(write_csv(faces, tmp_path / "faces.csv"), tmp_path / "out", ["near"])
    assert rejected(tmp_path / "out")["line 8"] == ("near", "line 22")
    assert "line 22" not in rejected(tmp_path / "out")


def test_counts_for_each_reason_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fer_train("clean", planted_folder(tmp_path / "faces"), "--out", tmp_path / "out") == 0
    said = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert said == {
        **{"kept": "9", "unreadable": "2", "flat": "1", "tiny": "1"},
        **{"copy": "1", "contradiction": "2", "leak": "1"},
    }


def test_the_largest_face_of_each_photograph_is_cut(tmp_path: Path) -> None:
    data = tmp_path / "photographs"
    large, small = photograph("astronaut.png"), photograph("luciano.png")
    both = np.full((400, 700), 128, np.uint8)
    both[:, :400] = cv2.resize(large, (400, 400))
    both[100:300, 480:680] = small
    save(data / "happy/both.png", both)
    save(data / "happy/both.bmp", small)
    save(data / "sad/none.png", cv2.imread(str(MEDIA / "no_face.png"), cv2.IMREAD_GRAYSCALE))
    (data / "sad/empty.jpg").write_bytes(b"")
    shutil.copyfile(MEDIA / "faces" / "grace_hopper.bmp", data / "sad/colour.bmp")
    assert crop(data, tmp_path / "out", margin=0.1, side=64) == CropCounts(3, 1, 1, 1)
    assert rejected(tmp_path / "out") == {"none": ("faceless", ""), "empty": ("unreadable", "")}
    faces = {path: cv2.imread(str(tmp_path / "out" / path), cv2.IMREAD_UNCHANGED) for path in tree(tmp_path / "out")}
    assert set(faces) == {"happy/both.png", "happy/both.png.png", "sad/colour.png", "rejected.csv"}
    assert all(face.shape == (64, 64) for path, face in faces.items() if path.endswith("png"))
    alike = cv2.resize(large[30:170, 30:170], (64, 64))
    assert np.corrcoef(faces["happy/both.png.png"].ravel(), alike.ravel())[0, 1] > 0.8


def test_cut_faces_can_be_read_as_a_data_set(tmp_path: Path) -> None:
    data = clean_folder(tmp_path / "photographs")
    assert fer_train("crop", data, "--out", tmp_path / "out") == 0
    faces = read_faces(tmp_path / "out")
    assert len(faces) == 7
    assert set(faces.splits) == {"Training", "test"}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("clean {0}/nosuch --out {0}/out", "nosuch: No such file"),
        ("clean {0}/bare --out {0}/out", "bare: no folders in it"),
        ("clean {0}/hollow --out {0}/out", "hollow: no pictures in its folders"),
        ("clean {0}/faces --out {0}/full", "full: is not empty"),
        ("clean {0}/faces --out {0}/faces", "is the data itself"),
        ("clean {0}/faces --out {0}/faces/train/new", "lies in"),
        ("clean {0}/faces --out {0}/full/x", "full/x: is a file"),
        ("clean {0}/faces --out {0}/full/x/y", "full/x/y: Not a directory"),
        ("clean {0}/faces --out /proc/out", "--out /proc/out: "),
        ("clean {0}/faces --out {0}/out --reject flat,ugly", "--reject ugly: no such reason; there are flat"),
        ("crop {0}/faces --out {0}/out --margin -0.5", "--margin -0.5: must be"),
        ("crop {0}/faces --out {0}/out --margin nan", "--margin nan: must be"),
        ("crop {0}/faces --out {0}/out --side 0", "--side 0: must be"),
        ("crop {0}/faces --out {0}/out --min-face 2", "--min-face 2.0: must be"),
        ("crop {0}/bare --out {0}/out", "bare: no folders in it"),
        ("crop {0}/full/x --out {0}/out", "is a file; faces are cropped from folders"),
        ("crop {0}/faces --out {0}/full", "full: is not empty"),
        ("crop {0}/faces --out {0}/faces/new", "lies in"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(tmp_path: Path, arguments: str, complaint: str) -> None:
    planted_folder(tmp_path / "faces")
    (tmp_path / "bare").mkdir()
    (tmp_path / "hollow" / "happy").mkdir(parents=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    before = tree(tmp_path)
    assert_refused(run_here("fer_train", *arguments.format(tmp_path).split()), "fer-train", complaint)
    assert tree(tmp_path) == before


def test_rejecting_everything_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("happy", "sad"):
        save(tmp_path / "faces" / name / "a.png", np.full((48, 48), 7, np.uint8))
    assert fer_train("clean", tmp_path / "faces", "--out", tmp_path / "out") == 2
    assert "leaves none of the 2 pictures" in capsys.readouterr().err
