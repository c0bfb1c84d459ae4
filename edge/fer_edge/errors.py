"""What can go wrong in a way that a person can mend: one line, one exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from .logs import last_words

EXIT_FAULT = 1  # something failed while running
EXIT_USAGE = 2  # the command line is wrong, or names something unusable
EXIT_INTERRUPTED = 130  # Ctrl-C
EXIT_CONFIG = 78  # the configuration is wrong (EX_CONFIG; systemd does not restart it)


class FerError(Exception):
    """A fault whose message is one line for a person: what, where, and what would be right.

    `exit_code` is what a command that ends by it returns.
    """

    exit_code = EXIT_FAULT


class UsageError(FerError, ValueError):
    """A flag or argument that cannot be used."""

    exit_code = EXIT_USAGE


class ConfigError(FerError, ValueError):
    """A key of the configuration file or environment, or the model that it names, cannot be used."""

    exit_code = EXIT_CONFIG


class DataError(FerError, ValueError):
    """A data set on disk that cannot be read."""

    exit_code = EXIT_USAGE


class MissingExtraError(FerError, ImportError):
    """A command needs an optional part of this distribution that is not installed."""

    exit_code = EXIT_USAGE

    def __init__(self, command: str, extra: str, missing: str | None) -> None:
        super().__init__(f"{command} needs {missing or extra}, which is not installed: pip install 'fer-edge[{extra}]'")


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
