"""How all commands parse arguments, report an error and exit."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from fer_edge.config.addresses import hide_secrets
from fer_edge.errors import EXIT_FAULT, EXIT_INTERRUPTED, EXIT_USAGE, FerError
from fer_edge.logs import format_error

FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class OneLineParser(argparse.ArgumentParser):
    """An argument parser that reports an error in one line and exits with 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{format_error(self.prog, f'{hide_secrets(message)} (see {self.prog} --help)')}\n")


def run_command(command: str, body: Callable[[], int]) -> int:
    """Run the body of a command and return its exit code.

    A FerError is reported on stderr in one line. If the reader of stdout has exited, the command ends quietly.
    """
    if sys.stdout is None:  # it was closed before the start
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - for the rest of the process
    try:
        code = body()
        sys.stdout.flush()
    except FerError as error:
        print(format_error(command, str(error)), file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        discard_stdout()
        return 0
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        discard_stdout()
        print(format_error(command, f"cannot write to standard output: {error.strerror}"), file=sys.stderr)
        return EXIT_FAULT
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return code


def discard_stdout() -> None:
    """Discard output that could not be written, or the interpreter would fail on it when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
