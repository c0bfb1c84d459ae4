"""Errors with a one-line message for a person and a process exit code."""

from __future__ import annotations

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
