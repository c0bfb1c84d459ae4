"""What C++ libraries write to stderr, without their startup messages.

TensorFlow writes some before it reads TF_CPP_MIN_LOG_LEVEL, and a TFLite interpreter reads no such variable. They
write to the file descriptor, past `sys.stderr`; it leads to a filter, which is a process of its own, so that the last
words of a process that crashes come through.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

STDERR = 2
FILTER_TIMEOUT = 2.0  # seconds for the filter to end; a child process may still hold its input
NOISE = (
    r"WARNING: All log messages before absl::InitializeLog\(\)",
    r"I[0-9]{4} [0-9:.]+ +[0-9]+ [^ ]+:[0-9]+\]",  # INFO of absl
    r"[0-9-]+ [0-9:.]+: I ",  # INFO of older parts of TensorFlow
    r"To enable the following instructions:",  # the second line of one
    r"INFO: ",  # of TFLite
    r"fully_quantize: [0-9]",  # of its converter
)
NO_GPU_NOISE = r"(E[0-9]{4}|[0-9-]+ [0-9:.]+: E) .*failed call to cuInit"
NVIDIA_DRIVER = Path("/proc/driver/nvidia")


@contextlib.contextmanager
def filtered_native_stderr(driver: Path = NVIDIA_DRIVER) -> Iterator[None]:
    """Leave NOISE out of what libraries write to stderr; without a driver also that there is no GPU.

    What Python writes to `sys.stderr` is not filtered. Without grep, or if stderr is closed, nothing is filtered.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            stack.enter_context(_filtered(NOISE if driver.exists() else (*NOISE, NO_GPU_NOISE)))
        yield


@contextlib.contextmanager
def _filtered(noise: tuple[str, ...]) -> Iterator[None]:
    """Raises OSError on entry if stderr is closed, or if grep cannot be started."""
    original = os.dup(STDERR)
    grep = ["grep", "--text", "--line-buffered", "--invert-match", "--extended-regexp", f"^({'|'.join(noise)})"]
    try:
        # A group of its own, since Ctrl-C must not end it before this process.
        process = subprocess.Popen(grep, stdin=subprocess.PIPE, stdout=original, process_group=0)  # noqa: S603
        stdin = cast("IO[bytes]", process.stdin)
        with _python_stderr_on(original):
            os.dup2(stdin.fileno(), STDERR)
            stdin.close()
            try:
                yield
            finally:
                os.dup2(original, STDERR)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(FILTER_TIMEOUT)
    finally:
        os.close(original)


@contextlib.contextmanager
def _python_stderr_on(descriptor: int) -> Iterator[None]:
    """Let `sys.stderr` write to another descriptor, unless it does not write to STDERR, as in a test."""
    stream = sys.stderr
    try:
        is_stderr = stream is not None and stream.fileno() == STDERR
    except (OSError, ValueError):
        is_stderr = False
    if not is_stderr:
        yield
        return
    stream.flush()
    with open(descriptor, "w", encoding=stream.encoding, errors=stream.errors, buffering=1, closefd=False) as direct:
        sys.stderr = direct
        try:
            yield
        finally:
            sys.stderr = stream
