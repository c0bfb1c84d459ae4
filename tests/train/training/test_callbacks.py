"""Ctrl-C during a run; Backup is tested in test_fit, by resuming a killed run."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from tests.support.processes import command
from tests.support.training import SHORT_RUN
from tests.support.waiting import wait_until

from fer_train.training.callbacks import Interruptible


def test_ctrl_c_ends_a_run_with_one_line_on_how_to_resume(data: Path, tmp_path: Path) -> None:
    arguments = command("fer_train", "fit", *SHORT_RUN, "--data", data, "--out", tmp_path / "run", "--epochs", 50)
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        wait_until((tmp_path / "run" / "history.csv").exists, 120)
        process.send_signal(signal.SIGINT)
        assert process.stderr
        message = process.stderr.read()
        assert process.wait(30) == 130
    assert "Traceback" not in message
    assert "the same command resumes" in message


def test_ctrl_c_swallowed_by_a_library_ends_the_run_after_the_batch() -> None:
    previous = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        callback = Interruptible()
        callback.on_train_begin()
        callback.on_train_batch_end(0)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            callback.on_train_batch_end(1)
    finally:
        signal.signal(signal.SIGINT, previous)
