"""Opens a model in a child process first, since a damaged model or a delegate can crash or hang the process.

The child is `python -m fer_edge.inference.probe REQUEST`; it writes an answer as JSON to its standard output.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.errors import FerError
from fer_edge.inference.backends import CPU, parse_backend
from fer_edge.inference.backends.base import AcceleratorError
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import ModelError, ModelFile, model_error, read_content

PROBE_TIMEOUT = 60  # seconds: a USB Coral takes 3 to load its firmware, a Pi that is just booting 10 to import this
MEMORY_LIMIT = 1 << 30  # bytes, so that a damaged model cannot use up the memory of a Pi

ANSWER_PREFIX = "fer-edge probe: "  # of a line; libraries write to standard output too
ERRORS = {error.__name__: error for error in (AcceleratorError, ModelError)}  # passed from child to parent


class ProbeCrashError(FerError):
    """A signal ended the child process; the message names it, e.g. `SIGSEGV`."""


class UnexpectedProbeError(FerError):
    """The child process exited without an answer, e.g. after a Python exception; the message has its last line."""


class ProbeTimeoutError(FerError):
    """The child process did not answer in time."""


def probe(path: Path, accelerator: str, runtime: str, *, threads: int = 1, timeout: int = PROBE_TIMEOUT) -> None:
    """Open a model on a backend and run it once, in a child process.

    Args:
        path: A TFLite graph, with or without labels and card behind it; these are not checked.
        accelerator: The `spec` of the backend.
        runtime: One of `available_runtimes()`.
        threads: How many the interpreter may use.
        timeout: Whole seconds for all of it.

    Raises:
        AcceleratorError: The backend does not work, or inference failed on an accelerator.
        ModelError: The interpreter cannot load the model, or inference failed on the CPU.
        ProbeCrashError: A signal ended the process, as when native code crashes.
        ProbeTimeoutError: The process has not answered in time.
        UnexpectedProbeError: The process ended in another way.
    """
    request = json.dumps([str(path), accelerator, runtime, threads, timeout])
    command = [sys.executable, "-m", "fer_edge.inference.probe", request]
    child = subprocess.run(  # noqa: S603 - this interpreter and this module
        command, capture_output=True, text=True, errors="replace", check=False
    )
    for line in child.stdout.splitlines():
        if line.startswith(ANSWER_PREFIX):
            _raise_error(json.loads(line.removeprefix(ANSWER_PREFIX)))
            return
    if child.returncode == -signal.SIGALRM:
        raise ProbeTimeoutError(f"no answer within {timeout} s")
    kind = ProbeCrashError if child.returncode < 0 else UnexpectedProbeError
    raise kind(_describe_exit(child.returncode, child.stderr))


def _raise_error(answer: dict[str, Any] | None) -> None:
    if answer:
        error = ERRORS[answer["type"]]
        raise error(answer["message"], setting=answer["setting"], cure=answer["cure"])


def _describe_exit(code: int, stderr: str) -> str:
    """The signal or exit code of a process, and the last line that it wrote, e.g. `SIGABRT: core dumped`."""
    status = signal.Signals(-code).name if code < 0 else f"exit {code}"
    lines = [line for line in stderr.splitlines() if line.strip() and not line.startswith(("INFO: ", "WARNING: "))]
    return f"{status}: {lines[-1].strip()}" if lines else status


def _open_and_invoke(path: Path, accelerator: str, runtime: str, threads: int) -> None:
    backend = parse_backend(accelerator)
    # The runtimes ignore the archive behind a graph, and not every model has one.
    model = ModelFile(path, read_content(path), labels=(), card={})
    engine = open_engine(model, threads, runtime=runtime, backend=backend)
    interpreter = engine.interpreter
    for tensor in interpreter.get_input_details():
        interpreter.set_tensor(tensor["index"], np.zeros(tensor["shape"], tensor["dtype"]))
    try:
        interpreter.invoke()
    except RuntimeError as error:
        problem = f"the first inference failed on {engine.runs_on}: {error}"
        if backend.name == CPU.name:
            raise model_error(path, problem) from error
        raise AcceleratorError(f"{path}: {problem}") from error


def _set_limit(kind: int, limit: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def main() -> None:
    """The child process: answers with the error's type, message, setting and cure, or null if the model runs."""
    path, accelerator, runtime, threads, timeout = json.loads(sys.argv[1])
    # The alarm ends the process even inside native code, and even after the parent has died.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(timeout)
    _set_limit(resource.RLIMIT_DATA, MEMORY_LIMIT)
    _set_limit(resource.RLIMIT_CORE, 0)
    answer = None
    try:
        _open_and_invoke(Path(path), accelerator, runtime, threads)
    except (AcceleratorError, ModelError) as error:
        kind = next(name for name, known in ERRORS.items() if isinstance(error, known))
        answer = {"type": kind, "message": error.message, "setting": error.setting, "cure": error.cure}
    sys.stdout.write(f"{ANSWER_PREFIX}{json.dumps(answer)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
