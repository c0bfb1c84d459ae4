"""fer-train report, as a user runs it."""

from __future__ import annotations

import re
import shutil
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


def test_a_damaged_model_is_reported_and_a_damaged_history_left_out(trained: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    (run / "history.csv").write_bytes(b"\xff\0epoch,loss")
    assert run_in_process("fer_train", "report", run).code == 0
    content = bytearray((run / "model.keras").read_bytes())
    content[len(content) // 2] ^= 1
    for damaged in (content, content[:2000], b""):
        (run / "model.keras").write_bytes(damaged)
        done = run_in_process("fer_train", "report", run)
        assert_refused(done, "fer-train", f"{run}/model.keras: not a model of fer-train fit")
