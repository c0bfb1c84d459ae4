"""Google's edgetpu_compiler: how it is run, and what it says.

The form of its log is that of version 16.0, the last (https://coral.ai/docs/edgetpu/compiler/).
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fer_edge.errors import FerError, UsageError

PROGRAM = "edgetpu_compiler"
MAPPED = "Mapped to Edge TPU"
ORIGIN = "it comes from Coral's Debian packages (edgetpu-compiler), for x86-64 Linux only"
UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
SIZE = r"([\d.]+)(B|KiB|MiB|GiB)"
LONGEST_REASON = 300  # characters of its log in a message


class CompilerError(FerError):
    """The compiler failed, or did not do what was asked of it."""


class MissingCompilerError(UsageError):
    """There is no compiler that could be run."""

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(f"{program} {reason}: {ORIGIN}; fer-convert check MODEL answers meanwhile")


@dataclass(frozen=True)
class Fate:
    """A line of the compiler's table: `count` operators of a kind, and what becomes of them, in its words."""

    operator: str
    count: int
    status: str


@dataclass(frozen=True)
class Log:
    """What the compiler reported. Sizes in bytes, as exact as it tells them.

    on_chip_used, on_chip_remaining: memory of the Edge TPU for parameters. streamed: parameters that do not fit and are
    fetched for every face.
    """

    version: str
    input_size: int
    output_size: int
    on_chip_used: int
    on_chip_remaining: int
    streamed: int
    subgraphs: int
    operations: int
    fates: tuple[Fate, ...]

    @property
    def on_cpu(self) -> tuple[Fate, ...]:
        """What was not mapped."""
        return tuple(fate for fate in self.fates if fate.status != MAPPED)

    def as_json(self) -> dict[str, Any]:
        """For programs; sizes in bytes."""
        left = sum(fate.count for fate in self.on_cpu)
        return {**asdict(self), "mapped": sum(fate.count for fate in self.fates) - left, "on_cpu": left}


def parse_log(text: str) -> Log:
    """Read the log of a compilation that succeeded. Raises CompilerError when a line of it is missing."""
    fates = re.findall(r"^([A-Za-z][\w-]*) +(\d+) +(\S.*?) *$", text, re.MULTILINE)
    if not fates:
        raise CompilerError(f"{PROGRAM}: no table of operators in its log")
    return Log(
        version=_line(text, "Edge TPU Compiler version", r"([\d.]+)")[1],
        input_size=_size(text, "Input size:"),
        output_size=_size(text, "Output size:"),
        on_chip_used=_size(text, "On-chip memory used for caching model parameters:"),
        on_chip_remaining=_size(text, "On-chip memory remaining for caching model parameters:"),
        streamed=_size(text, "Off-chip memory used for streaming uncached model parameters:"),
        subgraphs=int(_line(text, "Number of Edge TPU subgraphs:", r"(\d+)")[1]),
        operations=int(_line(text, "Total number of operations:", r"(\d+)")[1]),
        fates=tuple(Fate(name, int(count), status) for name, count, status in fates),
    )


def _line(text: str, start: str, value: str) -> re.Match[str]:
    found = re.search(rf"^{re.escape(start)} *{value} *$", text, re.MULTILINE)
    if not found:
        raise CompilerError(f"{PROGRAM}: no line '{start} ...' in its log")
    return found


def _size(text: str, start: str) -> int:
    number, unit = _line(text, start, SIZE).groups()
    return round(float(number) * UNITS[unit])


def compile_graph(graph: bytes, program: str, timeout: float) -> tuple[bytes, str]:
    """The compiled graph and the log. `program` is a name on PATH or a path; `timeout` in seconds.

    Raises MissingCompilerError when it cannot be run, CompilerError when it fails, hangs, or leaves no graph behind.
    """
    with tempfile.TemporaryDirectory(prefix="fer-convert-") as name:
        folder = Path(name)
        (folder / "model.tflite").write_bytes(graph)
        code, log = _run([_found(program), "-s", "-o", name, str(folder / "model.tflite")], folder / "log.txt", timeout)
        log = log.replace(f"{name}/", "")
        if code:
            raise CompilerError(f"{program} failed ({_how(code)}): {_reason(log)}")
        try:
            return (folder / "model_edgetpu.tflite").read_bytes(), log
        except OSError as error:
            raise CompilerError(f"{program} ended well and left no compiled model: {_reason(log)}") from error


def _found(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        reason = "is not executable" if Path(program).is_file() else "is not installed"
        raise MissingCompilerError(program, reason)
    return found


def _run(command: list[str], log: Path, timeout: float) -> tuple[int, str]:
    """Exit code and output, of both kinds; into a file, since a child that it leaves behind might hold a pipe open."""
    with log.open("wb") as out:
        try:
            process = subprocess.Popen(  # noqa: S603 (the program is the one that the user names)
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        except OSError as error:
            raise MissingCompilerError(command[0], f"cannot be run ({error.strerror})") from error
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise CompilerError(f"{command[0]} did not end within {timeout:g} s; --timeout gives it longer") from error
        finally:
            _end(process)
    return code, log.read_text(encoding="utf-8", errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with the children that it compiles in."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _how(code: int) -> str:
    return f"exit code {code}" if code > 0 else f"signal {-code}"


def _reason(log: str) -> str:
    """The lines of a failed log that tell why, as one."""
    said = [line.strip() for line in log.splitlines()]
    telling = [line for line in said if line and not line.startswith(("Edge TPU Compiler version", "Invalid model:"))]
    return "; ".join(telling)[-LONGEST_REASON:] or "it said nothing"
