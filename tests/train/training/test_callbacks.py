"""Ctrl-C during a run; Backup is tested in test_fit, by resuming a killed run."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.processes import command
from tests.support.training import SHORT_RUN
from tests.support.waiting import wait_until

from fer_train.training.callbacks import Interruptible


def test_ctrl_c_ends_a_run_with_one_line_on_how_to_resume(data: Path, tmp_path: Path) -> None:
    arguments = command("fer_train", "fit", *SHORT_RUN, "--data", data, "--out", tmp_path / "run", "--epochs", 50)
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        wait_until((tmp_path / "run" / "report.html").exists, 120)
        process.send_signal(signal.SIGINT)
        assert process.stderr
        message = process.stderr.read()
        assert process.wait(30) == 130
    assert "Traceback" not in message
    assert "the same command resumes" in message
    page = (tmp_path / "run" / "report.html").read_text()
    assert "The run is not finished." in page
    assert re.search(r"<h1>Training of the model nano: epoch \d+ of 50</h1>", page)


@pytest.fixture
def interruptions() -> Iterator[list[int]]:
    """The signals that the handler before the run receives."""
    received: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
    yield received
    signal.signal(signal.SIGINT, previous)


def test_the_first_ctrl_c_ends_the_run_after_the_batch(interruptions: list[int]) -> None:
    callback = Interruptible()
    callback.on_train_begin()
    callback.on_train_batch_end(0)
    signal.raise_signal(signal.SIGINT)
    assert interruptions == []
    with pytest.raises(KeyboardInterrupt):
        callback.on_train_batch_end(1)


def test_a_second_ctrl_c_interrupts_at_once(interruptions: list[int]) -> None:
    callback = Interruptible()
    callback.on_train_begin()
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)
    assert interruptions == [signal.SIGINT]


def test_after_the_run_ctrl_c_is_handled_as_before(interruptions: list[int]) -> None:
    callback = Interruptible()
    callback.on_train_begin()
    callback.on_train_end()
    signal.raise_signal(signal.SIGINT)
    assert interruptions == [signal.SIGINT]
