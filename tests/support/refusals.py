"""What every command of the project does with bad input: one line on stderr, the documented exit code, nothing else."""

from __future__ import annotations

from tests.support.processes import Run

RUNTIME_REMARK = "INFO: "  # begins a line that TFLite's runtime writes on its own


def error_line(done: Run) -> str:
    """Return the only line on stderr, apart from remarks of the runtime."""
    lines = [line for line in done.err.splitlines() if not line.startswith(RUNTIME_REMARK)]
    assert len(lines) == 1, done.err
    return lines[0]


def assert_refused(done: Run, command: str, expected: str, code: int = 2, printed: str = "") -> None:
    """Assert that a command refused its input.

    Args:
        done: The finished command.
        command: Its name, with which the line must begin.
        expected: What the line must contain.
        code: The exit code.
        printed: What the command must have printed before: how its output begins, or "" for no output.
    """
    line = error_line(done)
    assert (done.code, done.out[: len(printed) or None]) == (code, printed), done.err
    assert line.startswith(command)
    assert expected in line
