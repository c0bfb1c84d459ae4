"""How the commands parse their arguments, report an error and end."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from fer_edge.errors import EXIT_INTERRUPTED, EXIT_USAGE, FerError
from fer_edge.logs import last_words


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line and whose exit code is 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{last_words(self.prog, f'{message} (see {self.prog} --help)')}\n")


def run_command(command: str, body: Callable[[], int]) -> int:
    """Run the body of a command and return its exit code; a FerError is said on stderr as one line.

    When whoever reads stdout has gone, the command ends without a word.
    """
    try:
        code = body()
        sys.stdout.flush()
    except FerError as error:
        print(last_words(command, str(error)), file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        forget_stdout()
        return 0
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return code


def forget_stdout() -> None:
    """Let what could not be written go, so that the interpreter does not stumble over it when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
