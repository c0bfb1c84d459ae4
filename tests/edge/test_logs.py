"""What journald and a terminal are given of the log."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import command

from fer_edge.logs import JournalFormatter, goes_to_journal


def record(level: int, message: str, *, trace: bool = False) -> logging.LogRecord:
    try:
        raise ValueError("at fault")
    except ValueError:
        fault = sys.exc_info() if trace else None
    return logging.LogRecord("fer_edge", level, "", 0, message, None, fault)


def test_each_line_begins_with_its_priority() -> None:
    formatter = JournalFormatter()
    assert formatter.format(record(logging.INFO, "connected")) == "<6>connected"
    assert formatter.format(record(logging.WARNING, "two\nlines")) == "<4>two\n<4>lines"
    trace = formatter.format(record(logging.ERROR, "failed", trace=True)).splitlines()
    assert len(trace) > 2
    assert {line[:3] for line in trace} == {"<3>"}
    assert trace[-1] == "<3>ValueError: at fault"


def test_only_the_stream_that_systemd_names_is_its_journal(tmp_path: Path) -> None:
    with (tmp_path / "stream").open("w") as stream, (tmp_path / "other").open("w") as other:
        status = os.fstat(stream.fileno())
        environment = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert goes_to_journal(environment, stream.fileno())
        assert not goes_to_journal(environment, other.fileno())
        assert not goes_to_journal({}, stream.fileno())


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        ("--nonsense", 2, "<3>unrecognized arguments"),
        ("--camera 0 --model nowhere.tflite", 78, "<3>model nowhere.tflite: "),
    ],
)
def test_what_ends_a_run_is_an_error_in_the_journal(flags: str, code: int, said: str, tmp_path: Path) -> None:
    done, lines = joined_to_journal(tmp_path, *command("fer_edge", *flags.split()))
    assert done == code
    assert len(lines) == 1
    assert lines[0].startswith(said)


def test_what_nobody_foresaw_is_an_error_in_the_journal_too(tmp_path: Path) -> None:
    program = "import os; from fer_edge.logs import start_log; start_log(os.environ); 1 / 0"
    done, lines = joined_to_journal(tmp_path, sys.executable, "-c", program)
    assert done == 1
    assert lines[0] == "<2>ended by a fault of its own"
    assert lines[-1] == "<2>ZeroDivisionError: division by zero"


def joined_to_journal(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """The exit code of a program, and what it says to a stderr that systemd names."""
    with (folder / "journal").open("w") as stream:
        status = os.fstat(stream.fileno())
        environment = {**os.environ, "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        code = subprocess.run(arguments, stderr=stream, env=environment, timeout=60, check=False).returncode
    return code, (folder / "journal").read_text().splitlines()
