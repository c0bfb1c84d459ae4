"""Run Google's edgetpu_compiler and read its log.

The log is read as version 16.0, the last one, writes it (https://coral.ai/docs/edgetpu/compiler/).
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
SIZE_PATTERN = r"([\d.]+)(B|KiB|MiB|GiB)"
MAX_EXCERPT = 300  # characters of the log in an error message


class CompilerError(FerError):
    """The compiler failed, or its result cannot be used."""


class MissingCompilerError(UsageError):
    """The compiler cannot be run."""

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(f"{program} {reason}: {ORIGIN}; fer-convert check MODEL works without it")


@dataclass(frozen=True)
class OperatorStatus:
    """A line of the compiler's table: how many operators of a type there are, and their status as it words it."""

    operator: str
    count: int
    status: str


@dataclass(frozen=True)
class CompilerLog:
    """The contents of the compiler's log. Sizes in bytes, as exact as the log gives them.

    Attributes:
        version: Version of the compiler.
        input_size: Size of the model.
        output_size: Size of the compiled model.
        on_chip_used: Memory of the Edge TPU that the parameters take.
        on_chip_remaining: Memory of the Edge TPU that is left for parameters.
        streamed: Parameters that do not fit and are fetched for every face.
        subgraphs: Number of subgraphs on the Edge TPU.
        operations: Number of operators.
        fates: The table of operators.
    """

    version: str
    input_size: int
    output_size: int
    on_chip_used: int
    on_chip_remaining: int
    streamed: int
    subgraphs: int
    operations: int
    fates: tuple[OperatorStatus, ...]

    @property
    def on_cpu(self) -> tuple[OperatorStatus, ...]:
        """The operators that were not mapped."""
        return tuple(row for row in self.fates if row.status != MAPPED)

    def as_json(self) -> dict[str, Any]:
        """The log as JSON values; sizes in bytes."""
        on_cpu = sum(row.count for row in self.on_cpu)
        return {**asdict(self), "mapped": sum(row.count for row in self.fates) - on_cpu, "on_cpu": on_cpu}


def parse_log(text: str) -> CompilerLog:
    """Read the log of a successful compilation. Raises CompilerError when a line of it is missing."""
    rows = re.findall(r"^([A-Za-z][\w-]*) +(\d+) +(\S.*?) *$", text, re.MULTILINE)
    if not rows:
        raise CompilerError(f"{PROGRAM}: no table of operators in its log")
    return CompilerLog(
        version=_match(text, "Edge TPU Compiler version", r"([\d.]+)")[1],
        input_size=_size(text, "Input size:"),
        output_size=_size(text, "Output size:"),
        on_chip_used=_size(text, "On-chip memory used for caching model parameters:"),
        on_chip_remaining=_size(text, "On-chip memory remaining for caching model parameters:"),
        streamed=_size(text, "Off-chip memory used for streaming uncached model parameters:"),
        subgraphs=int(_match(text, "Number of Edge TPU subgraphs:", r"(\d+)")[1]),
        operations=int(_match(text, "Total number of operations:", r"(\d+)")[1]),
        fates=tuple(OperatorStatus(name, int(count), status) for name, count, status in rows),
    )


def _match(text: str, start: str, value: str) -> re.Match[str]:
    found = re.search(rf"^{re.escape(start)} *{value} *$", text, re.MULTILINE)
    if not found:
        raise CompilerError(f"{PROGRAM}: no line '{start} ...' in its log")
    return found


def _size(text: str, start: str) -> int:
    number, unit = _match(text, start, SIZE_PATTERN).groups()
    return round(float(number) * UNITS[unit])


def compile_graph(graph: bytes, program: str, timeout: float) -> tuple[bytes, str]:
    """Compile a graph.

    Args:
        graph: A full-integer TFLite flatbuffer.
        program: The compiler, as a name on PATH or a path.
        timeout: Seconds after which the compiler is killed.

    Returns:
        The compiled graph and the compiler's log.

    Raises:
        MissingCompilerError: The compiler cannot be run.
        CompilerError: It fails, exceeds the timeout, or writes no graph.
    """
    with tempfile.TemporaryDirectory(prefix="fer-convert-") as name:
        folder = Path(name)
        model = folder / "model.tflite"
        model.write_bytes(graph)
        code, log = _run([_executable(program), "-s", "-o", name, str(model)], folder / "log.txt", timeout)
        log = log.replace(f"{name}/", "")
        if code:
            status = f"exit code {code}" if code > 0 else f"signal {-code}"
            raise CompilerError(f"{program} failed ({status}): {_excerpt(log)}")
        try:
            return (folder / "model_edgetpu.tflite").read_bytes(), log
        except OSError as error:
            raise CompilerError(f"{program} succeeded but wrote no compiled model: {_excerpt(log)}") from error


def _executable(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        reason = "is not executable" if Path(program).is_file() else "is not installed"
        raise MissingCompilerError(program, reason)
    return found


def _run(command: list[str], log: Path, timeout: float) -> tuple[int, str]:
    """Exit code and output; the output goes to a file, since a child that outlives the compiler could block a pipe."""
    with log.open("wb") as out:
        try:
            process = subprocess.Popen(  # noqa: S603 - the program is the one that the user names
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        except OSError as error:
            raise MissingCompilerError(command[0], f"cannot be run ({error.strerror})") from error
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise CompilerError(f"{command[0]} did not finish within {timeout:g} s (--timeout)") from error
        finally:
            _kill(process)
    return code, log.read_text(encoding="utf-8", errors="replace")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the compiler and its children, if it still runs."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _excerpt(log: str) -> str:
    """The lines of a log that explain a failure, joined into one."""
    lines = [line.strip() for line in log.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("Edge TPU Compiler version", "Invalid model:"))]
    return "; ".join(lines)[-MAX_EXCERPT:] or "its log is empty"
