"""The commands of the project, run as a user runs them."""

from __future__ import annotations

import importlib
import io
import json
import logging
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Run:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


def command(module: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", f"{module}.cli", *map(str, arguments)]


def run(module: str, *arguments: object, env: dict[str, str] | None = None, cwd: Path | None = None) -> Run:
    """Run a command of the project in a separate process, as a user would."""
    done = subprocess.run(
        command(module, *arguments),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, **(env or {})},
        cwd=cwd,
    )
    return Run(done.returncode, done.stdout, done.stderr)


def run_in_process(module: str, *arguments: object) -> Run:
    """Run a command in this process: for what is refused, since it takes TensorFlow seconds to be imported."""
    main = importlib.import_module(f"{module}.cli").main
    loggers = [logging.getLogger(), *logging.getLogger().handlers]
    levels = [each.level for each in loggers]
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        try:
            code = main(list(map(str, arguments)))
        except SystemExit as end:
            code = end.code
        finally:
            for each, level in zip(loggers, levels, strict=True):
                each.setLevel(level)  # commands that report in one line raise it
    return Run(code, out.getvalue(), err.getvalue())
