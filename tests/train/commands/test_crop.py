"""fer-train crop, as a user runs it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from tests.support.planted_defects import read_tree, write_clean_folder, write_grey
from tests.support.processes import run_in_process
from tests.support.refusals import assert_refused, error_line
from tests.support.scenes import Face, scene

from fer_data.readers import read_faces
from fer_edge.inference.detectors import open_detectors


def test_cropped_faces_can_be_read_as_a_data_set(tmp_path: Path) -> None:
    data = write_clean_folder(tmp_path / "photographs")
    done = run_in_process("fer_train", "crop", data, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    faces = read_faces(tmp_path / "out")
    assert len(faces) == 7
    assert set(faces.splits) == {"Training", "test"}


@pytest.mark.parametrize(("detector", "found"), [((), 1), (("--detector", "network"), 1), (("--detector", "haar"), 0)])
def test_the_detector_can_be_chosen(tmp_path: Path, detector: tuple[str, ...], found: int) -> None:
    write_grey(tmp_path / "photographs/happy/turned.png", scene(Face("astronaut.png", 320, 240, 200, 40)))
    done = run_in_process("fer_train", "crop", tmp_path / "photographs", "--out", tmp_path / "out", *detector)
    assert done.code == 0, done.err
    assert len(list((tmp_path / "out").rglob("*.png"))) == found


def test_without_the_face_network_the_cascade_crops_and_one_line_on_stderr_gives_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = tmp_path / "missing.tflite"
    monkeypatch.setattr("fer_edge.inference.detectors.open_detectors", partial(open_detectors, path=missing))
    data = write_clean_folder(tmp_path / "photographs")
    done = run_in_process("fer_train", "crop", data, "--out", tmp_path / "out")
    assert done.code == 0
    line = error_line(done)
    assert line.startswith("fer-train: ")
    assert "the Haar cascade alone" in line
    assert str(missing) in line
    assert len(read_faces(tmp_path / "out")) == 7


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("{0}/faces --out {0}/out --margin -0.5", "--margin -0.5: must be"),
        ("{0}/faces --out {0}/out --margin nan", "--margin nan: must be"),
        ("{0}/faces --out {0}/out --side 0", "--side 0: must be"),
        ("{0}/faces --out {0}/out --min-face 2", "--min-face 2.0: must be"),
        ("{0}/faces --out {0}/out --detector eyes", "--detector"),
        ("{0}/bare --out {0}/out", "bare: no folders in it"),
        ("{0}/full/x --out {0}/out", "is a file: give a folder of photographs"),
        ("{0}/faces --out {0}/full", "full: is not empty"),
        ("{0}/faces --out {0}/faces/new", "lies in"),
    ],
)
def test_invalid_input_is_reported_in_one_line_with_exit_code_2(tmp_path: Path, flags: str, message: str) -> None:
    write_clean_folder(tmp_path / "faces")
    (tmp_path / "bare").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    before = read_tree(tmp_path)
    done = run_in_process("fer_train", "crop", *flags.format(tmp_path).split())
    assert_refused(done, "fer-train", message)
    assert read_tree(tmp_path) == before
