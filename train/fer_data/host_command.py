"""Running a command of a host package, whose dependencies come with an extra of this distribution."""

from __future__ import annotations

import os
from collections.abc import Callable

from fer_data.native_stderr import filtered_native_stderr
from fer_edge.command_line import run_command
from fer_edge.errors import FerError, MissingExtraError


def run_host_command(name: str, extra: str, run: Callable[[], int]) -> int:
    """Run a command and return its exit code; report a missing package with the extra that installs it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors only
    with filtered_native_stderr():
        return run_command(name, lambda: _run(name, extra, run))


def _run(name: str, extra: str, run: Callable[[], int]) -> int:
    try:
        return run()
    except ImportError as error:
        if isinstance(error, FerError):
            raise
        raise MissingExtraError(name, extra, error.name) from error
