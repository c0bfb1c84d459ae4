"""Try a model in a process of its own first, since a delegate or a damaged model can kill or hang whoever loads it."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

from fer_edge.errors import FerError
from fer_edge.inference.backends.edgetpu import AcceleratorError
from fer_edge.inference.engine import is_compiled, open_engine
from fer_edge.inference.model_file import ModelError, read_model

TIMEOUT = 60  # seconds; the firmware of a USB Coral takes three, and a Pi that is just booting may take ten to import
MEMORY = 1 << 30  # bytes; a model of a wild shape must not take all that a Pi has

ANSWER = "fer-edge probe: "  # a line of stdout
FAULTS = {kind.__name__: kind for kind in (AcceleratorError, ModelError)}


class ProbeDiedError(FerError):
    """The process in which a model was tried has died; the message tells how."""


class ProbeHungError(FerError):
    """The process in which a model was tried gave no answer in time."""


def probe(path: Path, runtime: str, *, threads: int = 1, device: str = "", timeout: int = TIMEOUT) -> None:
    """Load the model and invoke it once, in a child process.

    Raises what `open_engine` would, AcceleratorError when the invoke fails, and ProbeDiedError or ProbeHungError when
    the process came to no answer. `patience` is in whole seconds.
    """
    what = json.dumps([str(path), runtime, threads, device, timeout])
    arguments = [sys.executable, "-m", "fer_edge.inference.probe", what]
    done = subprocess.run(arguments, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
    answers = [line for line in done.stdout.splitlines() if line.startswith(ANSWER)]  # libraries print too
    if answers:
        fault, message = json.loads(answers[0].removeprefix(ANSWER))
        if fault:
            raise FAULTS[fault](message)
    elif done.returncode == -signal.SIGALRM:
        raise ProbeHungError(f"no answer within {timeout} s")
    else:
        raise ProbeDiedError(_end(done.returncode, done.stderr))


def _end(code: int, stderr: str) -> str:
    how = signal.Signals(-code).name if code < 0 else f"exit {code}"
    words = [line for line in stderr.splitlines() if line.strip() and not line.startswith(("INFO: ", "WARNING: "))]
    return f"{how}: {words[-1].strip()}" if words else how


def _trial(path: str, runtime: str, threads: int, device: str) -> None:
    model = read_model(Path(path))
    engine = open_engine(model, threads, runtime=runtime, device=device)
    interpreter = engine.interpreter
    for tensor in interpreter.get_input_details():
        interpreter.set_tensor(tensor["index"], np.zeros(tensor["shape"], tensor["dtype"]))
    try:
        interpreter.invoke()
    except RuntimeError as error:
        fault = AcceleratorError if is_compiled(model) else ModelError
        raise fault(f"model {path}: the first invoke fails on {engine.runs_on}: {error}") from error


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def main() -> None:
    """The child: answers `[fault, message]` as JSON, with nulls when the model runs."""
    *what, timeout = json.loads(sys.argv[1])
    # An alarm of its own ends it inside native code too, and also when its parent has gone.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(timeout)
    _limit(resource.RLIMIT_DATA, MEMORY)
    _limit(resource.RLIMIT_CORE, 0)
    answer: tuple[str | None, str | None] = (None, None)
    try:
        _trial(*what)
    except (AcceleratorError, ModelError) as error:
        answer = (type(error).__name__, str(error))
    sys.stdout.write(f"{ANSWER}{json.dumps(answer)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
