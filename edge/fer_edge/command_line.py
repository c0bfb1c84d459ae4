"""How all commands parse arguments, report an error and exit."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from fer_edge.config.addresses import hide_secrets
from fer_edge.errors import EXIT_FAULT, EXIT_INTERRUPTED, EXIT_USAGE, FerError
from fer_edge.logs import format_error
from fer_edge.output import prepare_streams

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}  # a full disk, a closed terminal
TOO_MANY_PROCESSES = "raise the limits of processes and memory (ulimit -u and -v, or TasksMax= in the unit)"
SHORTAGES = {
    errno.EMFILE: "raise the limit of open files (ulimit -n, or LimitNOFILE= in the unit)",
    errno.ENFILE: "the machine has too many open files; end other programs",
    errno.ENOMEM: "end other programs, or raise the limit of memory (ulimit -v, or MemoryMax= in the unit)",
    errno.EAGAIN: TOO_MANY_PROCESSES,
}
UNUSABLE_PATH = {errno.ENAMETOOLONG, errno.EACCES}  # where Path.is_dir and the like raise; elsewhere they are False
NO_THREAD = "can't start new thread"  # the text of Python's RuntimeError


class OneLineParser(argparse.ArgumentParser):
    """An argument parser that reports an error in one line and exits with 2."""

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help; unlike argparse's own method, raise the OSError of a stream that cannot be written."""
        (file or sys.stdout).write(self.format_help())

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{format_error(self.prog, f'{hide_secrets(message)} (see {self.prog} --help)')}\n")


def run_command(command: str, body: Callable[[], int]) -> int:
    """Run the body of a command, from parsing its arguments on, and return its exit code.

    A FerError, a path that cannot be used, and a shortage of memory, files or processes are reported on stderr in one
    line. If the reader of stdout has exited, the command ends quietly.
    """
    prepare_streams()
    try:
        return _run_and_flush(body)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        discard_stdout()
        return 0
    except FerError as error:
        message, code = str(error), error.exit_code
    except (OSError, RuntimeError, ImportError, MemoryError) as error:
        if message := _describe_path(error):
            code = EXIT_USAGE
        elif message := _describe_shortage(error):
            code = EXIT_FAULT
        else:
            raise
    with contextlib.suppress(OSError):  # of stderr: the exit code is all that is left
        print(format_error(command, message), file=sys.stderr)
    return code


def _run_and_flush(body: Callable[[], int]) -> int:
    try:
        code = body()
    except SystemExit as end:  # of argparse: help, version, or a wrong argument
        code = int(end.code or 0)
    sys.stdout.flush()
    return code


def _describe_path(error: Exception) -> str:
    """Which path cannot be used, and why; empty if the error has another reason."""
    if isinstance(error, OSError) and error.errno in UNUSABLE_PATH and error.filename:
        return f"{error.filename}: {error.strerror}"
    return ""


def _describe_shortage(error: Exception) -> str:
    """What the system lacks; empty if the error has another reason."""
    if isinstance(error, OSError) and error.errno in UNWRITABLE:
        discard_stdout()
        return f"cannot write to standard output: {error.strerror}"
    if isinstance(error, OSError) and error.errno in SHORTAGES:
        return f"{error.strerror}: {SHORTAGES[error.errno]}"
    if isinstance(error, ImportError):  # also what a shared library lacks
        return f"cannot load {error.name or 'a library'}: {error}"
    if isinstance(error, MemoryError):
        return "not enough memory"
    return f"{error}: {TOO_MANY_PROCESSES}" if str(error) == NO_THREAD else ""


def discard_stdout() -> None:
    """Discard output that could not be written, or the interpreter would fail on it when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
