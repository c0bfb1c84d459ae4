"""The log as journald and as a terminal get it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.clock import FakeClock
from tests.support.processes import command

from fer_edge.logs import LIMIT_INTERVAL, MAX_RECORDS, JournalFormatter, RateLimit, format_error, is_journal


def record(level: int, message: str, *, with_traceback: bool = False) -> logging.LogRecord:
    try:
        raise ValueError("at fault")
    except ValueError:
        error = sys.exc_info() if with_traceback else None
    return logging.LogRecord("fer_edge", level, "", 0, message, None, error)


def test_each_line_begins_with_the_priority_of_its_message() -> None:
    formatter = JournalFormatter()
    assert formatter.format(record(logging.INFO, "connected")) == "<6>connected"
    assert formatter.format(record(logging.WARNING, "two\nlines")) == "<4>two\n<4>lines"
    lines = formatter.format(record(logging.ERROR, "failed", with_traceback=True)).splitlines()
    assert len(lines) > 2
    assert {line[:3] for line in lines} == {"<3>"}
    assert lines[-1] == "<3>ValueError: at fault"


def test_a_repeated_line_is_omitted_until_the_interval_is_over_and_other_lines_are_not() -> None:
    clock, lines = FakeClock(), []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    handler.addFilter(RateLimit(clock.monotonic))
    log = logging.Logger("test")
    log.addHandler(handler)

    def flood(count: int) -> None:
        for number in range(count):
            log.warning("request %d failed", number)

    flood(1000)
    assert len(lines) == MAX_RECORDS
    assert (
        lines[-1]
        == f"request {MAX_RECORDS - 1} failed ({MAX_RECORDS} such lines within a minute; further ones are omitted)"
    )
    log.warning("something else")
    assert lines[-1] == "something else"
    clock.advance(LIMIT_INTERVAL)
    flood(1)
    assert lines[-1] == "request 0 failed"


def test_only_the_stream_named_by_systemd_is_its_journal(tmp_path: Path) -> None:
    with (tmp_path / "stream").open("w") as stream, (tmp_path / "other").open("w") as other:
        status = os.fstat(stream.fileno())
        environment = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert is_journal(environment, stream.fileno())
        assert not is_journal(environment, other.fileno())
        assert not is_journal({}, stream.fileno())


def test_the_last_line_of_a_failed_command_is_one_line() -> None:
    assert format_error("fer-edge", "model x:\n  damaged", {}) == "fer-edge: model x: damaged"


@pytest.mark.parametrize(
    ("flags", "code", "expected"),
    [
        ("--nonsense", 2, "<3>unrecognized arguments"),
        ("--camera 0 --model nowhere.tflite", 78, "<3>--model nowhere.tflite: "),
    ],
)
def test_what_ends_a_run_is_an_error_in_the_journal(flags: str, code: int, expected: str, tmp_path: Path) -> None:
    exit_code, lines = run_with_journal(tmp_path, *command("fer_edge", *flags.split()))
    assert exit_code == code
    assert len(lines) == 1
    assert lines[0].startswith(expected)


def test_an_unexpected_exception_is_an_error_in_the_journal(tmp_path: Path) -> None:
    program = "import os; from fer_edge.logs import configure_logging; configure_logging(os.environ); 1 / 0"
    exit_code, lines = run_with_journal(tmp_path, sys.executable, "-c", program)
    assert exit_code == 1
    assert lines[0] == "<2>unexpected error"
    assert lines[-1] == "<2>ZeroDivisionError: division by zero"


def run_with_journal(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """Run a program whose stderr is the journal, by JOURNAL_STREAM; return its exit code and its lines."""
    with (folder / "journal").open("w") as stream:
        status = os.fstat(stream.fileno())
        environment = {**os.environ, "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        code = subprocess.run(arguments, stderr=stream, env=environment, timeout=60, check=False).returncode
    return code, (folder / "journal").read_text().splitlines()
