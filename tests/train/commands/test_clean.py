"""fer-train clean, as a user runs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.support.planted_defects import read_tree, write_defective_folder, write_grey
from tests.support.processes import run_in_process
from tests.support.refusals import assert_refused


def test_the_counts_for_each_reason_are_printed(tmp_path: Path) -> None:
    done = run_in_process("fer_train", "clean", write_defective_folder(tmp_path / "faces"), "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert dict(line.split() for line in done.out.splitlines()) == {
        **{"kept": "9", "unreadable": "2", "flat": "1", "tiny": "1"},
        **{"copy": "1", "contradiction": "2", "leak": "1"},
    }


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("{0}/nosuch --out {0}/out", "nosuch: No such file"),
        ("{0}/bare --out {0}/out", "bare: no folders in it"),
        ("{0}/hollow --out {0}/out", "hollow: no pictures in its folders"),
        ("{0}/faces --out {0}/full", "full: is not empty"),
        ("{0}/faces --out {0}/faces", "is the data itself"),
        ("{0}/faces --out {0}/faces/train/new", "lies in"),
        ("{0}/faces --out {0}/full/x", "full/x: is a file"),
        ("{0}/faces --out {0}/full/x/y", "full/x/y: Not a directory"),
        ("{0}/faces --out /proc/out", "--out /proc/out: "),
        ("{0}/faces --out {0}/out --reject flat,ugly", "--reject ugly: no such reason: there are flat"),
    ],
)
def test_invalid_input_is_reported_in_one_line_with_exit_code_2(tmp_path: Path, flags: str, message: str) -> None:
    write_defective_folder(tmp_path / "faces")
    (tmp_path / "bare").mkdir()
    (tmp_path / "hollow" / "happy").mkdir(parents=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    before = read_tree(tmp_path)
    done = run_in_process("fer_train", "clean", *flags.format(tmp_path).split())
    assert_refused(done, "fer-train", message)
    assert read_tree(tmp_path) == before


def test_rejecting_everything_is_refused(tmp_path: Path) -> None:
    for name in ("happy", "sad"):
        write_grey(tmp_path / "faces" / name / "a.png", np.full((48, 48), 7, np.uint8))
    done = run_in_process("fer_train", "clean", tmp_path / "faces", "--out", tmp_path / "out")
    assert_refused(done, "fer-train", "leaves none of the 2 pictures")
