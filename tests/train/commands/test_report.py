"""fer-train report, as a user runs it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.processes import run_in_process
from tests.support.refusals import assert_refused
from tests.support.training import read_metrics


def test_a_report_can_be_made_again_for_another_split(trained: Path, tmp_path: Path) -> None:
    done = run_in_process("fer_train", "report", trained, "--split", "Training", "--out", tmp_path / "again")
    assert done.code == 0, done.err
    assert re.search(r"^Training  [\d.]+ % right; 315 faces: the figure may be [\d.]+ points off; better", done.out)
    assert f"page      {tmp_path / 'again'}/report.html\n" in done.out
    again, first = read_metrics(tmp_path / "again"), read_metrics(trained)
    assert (again["faces"], again["epoch"]) == (315, 5)
    assert again["seconds"] == first["seconds"], "what is known of the training stays in it"


def test_a_folder_that_cannot_be_written_is_reported(trained: Path) -> None:
    done = run_in_process("fer_train", "report", trained, "--out", "/proc/again")
    assert_refused(done, "fer-train", "--out /proc/again: ")


def test_a_folder_without_a_run_is_reported(tmp_path: Path) -> None:
    done = run_in_process("fer_train", "report", tmp_path)
    assert_refused(done, "fer-train", "not the folder of a run")
