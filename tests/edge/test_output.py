"""Standard streams that are closed, blocked or non-blocking; a printer's use of them is tested in run/test_observer."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest

from fer_edge.output import MAX_STDERR_LINES, BackgroundStderr, open_unbuffered

CLOSED_STREAMS = """
import os, subprocess, sys
from pathlib import Path
from fer_edge.output import prepare_streams
prepare_streams()
file = open(sys.argv[1], "w")
os.write(2, b"from native code")
print("out"), print("err", file=sys.stderr), sys.stdin.read()
subprocess.run(["sh", "-c", "echo from a child; echo from a child >&2"], check=True)
"""

MANY_LINES = """
import ctypes, os, sys
from fer_edge.logs import configure_logging
configure_logging(os.environ)
for number in range(3000):
    print(f"{number:099}", file=sys.stderr)
    ctypes.CDLL(None).write(2, b"from native code", 16)
"""


@pytest.mark.parametrize("closed", ["<&- >&- 2>&-", "2>&-", "<&- 2>&-", ">&-"])
def test_nothing_that_is_written_to_a_closed_stream_reaches_another_file(closed: str, tmp_path: Path) -> None:
    program = [sys.executable, "-c", CLOSED_STREAMS, str(tmp_path / "file")]
    subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *program], check=True, timeout=20)
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.parametrize("terminal", [False, True])
def test_an_unread_stderr_blocks_neither_python_nor_native_code(terminal: bool) -> None:
    reader, writer = os.openpty() if terminal else os.pipe()
    process = subprocess.Popen([sys.executable, "-c", MANY_LINES], stderr=writer)
    assert process.wait(20) == 0
    assert not fcntl.fcntl(writer, fcntl.F_GETFL) & os.O_NONBLOCK  # other programs write to it, too
    if terminal:
        termios.tcflush(writer, termios.TCOFLUSH)
    os.close(writer)
    os.close(reader)


def test_the_lines_that_a_blocked_stderr_had_no_room_for_are_counted() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader) as read, os.fdopen(writer, "w") as stream:
        stderr = BackgroundStderr(stream)
        total = MAX_STDERR_LINES * 3
        for number in range(total):
            print(f"{number:099}", file=stderr)
        kept = 0
        while int(read.readline()) == kept < MAX_STDERR_LINES - 1:
            kept += 1
        stderr.drain()
        print("later", file=stderr, end="")
        stderr.flush()
        stderr.drain()
        stream.close()
        *lines, notice, later = read.read().splitlines()
    assert later == "later"
    assert [int(line) for line in lines] == list(range(kept + 1, kept + 1 + len(lines)))
    assert notice == f"{total - kept - 1 - len(lines)} lines were omitted here, as stderr was not read"


def test_text_without_a_line_end_is_written_by_flush() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader) as read, os.fdopen(writer, "w") as stream:
        stderr = BackgroundStderr(stream)
        stderr.write("\r1/2")
        stderr.flush()
        stderr.write("\r2/2\nend")
        stderr.drain()
        stream.close()
        assert read.read().endswith("1/2\n2/2\nend")  # universal newlines


def test_a_pipe_that_another_process_made_non_blocking_loses_nothing() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    text = "x" * 1_000_000 + "\udcff"
    with os.fdopen(reader, "rb") as read, os.fdopen(writer, "w") as stream:
        unbuffered = open_unbuffered(stream)
        thread = threading.Thread(target=lambda: (unbuffered.write(text), stream.close()))
        thread.start()
        assert read.read() == b"x" * 1_000_000 + b"\\udcff"
        thread.join(10)
