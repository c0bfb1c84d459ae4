"""What journald and a terminal are given of the log."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

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
