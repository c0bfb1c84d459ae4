"""Exit codes, and errors whose message is one line for a person."""

from __future__ import annotations

from dataclasses import dataclass

EXIT_FAULT = 1  # something failed during the run
EXIT_USAGE = 2  # the command line is wrong, or names something unusable
EXIT_INTERRUPTED = 130  # Ctrl-C
EXIT_CONFIG = 78  # the configuration is wrong (EX_CONFIG; systemd does not restart the service)


class FerError(Exception):
    """Base of this project's errors. `str(error)` is one line: the message and the cure, if any.

    Attributes:
        message: What is wrong. If `setting` is given, the message is printed right after its name ("/x: no such file",
            "needs a certificate"): the command line prepends the flag, variable or file that the value came from.
        setting: Key of the setting at fault in the table of settings, e.g. "mqtt.ca".
        cure: How to fix it.
        exit_code: What a command that ends with this error returns.
    """

    exit_code = EXIT_FAULT

    def __init__(self, message: str, *, setting: str | None = None, cure: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.setting = setting
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.message}: {self.cure}" if self.cure else self.message


@dataclass(frozen=True)
class Problem:
    """Why something does not work at present: a state that may pass, where a FerError ends an operation.

    Attributes:
        text: What is wrong, without the name of what it is wrong with.
        cure: How to fix it, if that is known.
    """

    text: str
    cure: str | None = None

    def __str__(self) -> str:
        """What is wrong."""
        return self.text


class UsageError(FerError, ValueError):
    """A flag or argument is unusable."""

    exit_code = EXIT_USAGE


class ConfigError(FerError, ValueError):
    """A key of the configuration file, an environment variable, or the model they name is unusable."""

    exit_code = EXIT_CONFIG


class DataError(FerError, ValueError):
    """A data set on disk is unreadable."""

    exit_code = EXIT_USAGE


class MissingExtraError(FerError, ImportError):
    """A command needs an optional part of this distribution that is not installed."""

    exit_code = EXIT_USAGE

    def __init__(self, command: str, extra: str, missing: str | None) -> None:
        """`missing` is the module that failed to import, `extra` the part of fer-edge that brings it."""
        super().__init__(
            f"{command} needs {missing or extra}, which is not installed", cure=f"pip install 'fer-edge[{extra}]'"
        )
