"""Which interpreter runs a model, and on what."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import FerError
from .modelfile import ModelError, ModelFile
from .runtimes import Interpreter, available_runtimes, in_words, load_delegate, make_interpreter, pick_runtime

__all__ = ["AcceleratorError", "Engine", "available_runtimes", "open_engine"]

EDGETPU_LIBRARY = "libedgetpu.so.1"
EDGETPU_OP = b"edgetpu-custom-op"


class AcceleratorError(FerError, RuntimeError):
    """The model is compiled for an Edge TPU and there is none to run it."""


@dataclass(frozen=True)
class Engine:
    """An interpreter with its tensors allocated, and what it runs on, in words."""

    interpreter: Interpreter
    runs_on: str


def load_library(name: str, runtime: str) -> Any:
    """The TFLite delegate in a shared library. Raises OSError without the library, ValueError without a device."""
    ctypes.CDLL(name)  # first, since load_delegate leaves a half-made object behind that complains later
    return load_delegate(runtime, name, {})


def open_engine(
    model: ModelFile,
    threads: int = 1,
    *,
    runtime: str | None = None,
    load: Callable[[str, str], Any] = load_library,
) -> Engine:
    """Prepare `model` to run: on the Edge TPU if it was compiled for one, else on `threads` threads of the processor.

    `runtime` is one of `available_runtimes()`, else the fastest of them. A compiled model is known by its custom op;
    giving the delegate to any other model would run it on the processor without a word. Raises AcceleratorError when
    there is no Edge TPU to run a compiled model, ModelError when the interpreter cannot make sense of the model,
    UsageError when the runtime is not here.
    """
    runtime = pick_runtime(runtime)
    compiled = EDGETPU_OP in model.graph
    delegate = _edgetpu(load, model, runtime) if compiled else None
    try:
        interpreter = make_interpreter(runtime, model.graph, threads, delegate)
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"model {model.path}: {runtime} cannot load it: {error}") from error
    return Engine(interpreter, f"{'edgetpu' if compiled else 'cpu'} ({in_words(runtime)})")


def _edgetpu(load: Callable[[str, str], Any], model: ModelFile, runtime: str) -> Any:
    try:
        return load(EDGETPU_LIBRARY, runtime)
    except OSError as error:
        reason = f"{EDGETPU_LIBRARY} is not installed ({error})"
    except ValueError:
        reason = f"{EDGETPU_LIBRARY} finds no device: is the Coral plugged in?"
    raise AcceleratorError(f"model {model.path} is compiled for an Edge TPU, and {reason}")
