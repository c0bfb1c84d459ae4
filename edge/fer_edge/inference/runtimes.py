"""The TFLite runtimes that are installed, and the interpreters and delegates that they make."""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Sequence
from typing import Any, Protocol

from fer_edge.errors import FerError, UsageError

# Distributions and their packages, the faster first. No measurement at start decides: on a busy machine its result
# would be random, and the runtimes round differently, so the same clip could give other events after a restart.
# ai-edge-litert runs int8 through XNNPACK and tflite-runtime does not: 0.25 against 2.1 ms for a network of 0.3 M
# parameters on one x86 thread.
RUNTIMES = {"ai-edge-litert": "ai_edge_litert", "tflite-runtime": "tflite_runtime"}
DELEGATE_FUNCTION = "tflite_plugin_create_delegate"  # what every external delegate exports


class Interpreter(Protocol):
    """The part of a TFLite interpreter that is used here."""

    def allocate_tensors(self) -> None:
        """Plan the memory. Raises RuntimeError if an operator has no implementation."""

    def get_input_details(self) -> list[dict[str, Any]]:
        """Name, index, shape, dtype and quantization (scale, zero point) of each input."""

    def get_output_details(self) -> list[dict[str, Any]]:
        """The same of each output."""

    def get_tensor_details(self) -> list[dict[str, Any]]:
        """The same of each tensor."""

    def set_tensor(self, index: int, value: Any) -> None:
        """Copy an array of the tensor's shape and dtype into it."""

    def get_tensor(self, index: int) -> Any:
        """A copy of a tensor, as an array."""

    def invoke(self) -> None:
        """Compute the outputs. Raises RuntimeError."""


def available_runtimes() -> tuple[str, ...]:
    """The runtimes that can be used in this process, by the names of their distributions, the faster first.

    tflite-runtime is not available once TensorFlow has been imported before it: its interpreters would fail with
    `ValueError: vector::reserve`. The other order works, and ai-edge-litert works in either.
    """
    return tuple(name for name in _installed_runtimes() if not _is_broken_by_tensorflow(name))


def _installed_runtimes() -> list[str]:
    return [name for name, package in RUNTIMES.items() if importlib.util.find_spec(package)]


def _is_broken_by_tensorflow(runtime: str) -> bool:
    module = f"{RUNTIMES[runtime]}.interpreter"
    return runtime == "tflite-runtime" and "tensorflow" in sys.modules and module not in sys.modules


def import_runtimes() -> None:
    """Import every runtime: for a program that will import TensorFlow and may then need any of them."""
    for name in available_runtimes():
        _module(name)


def _module(runtime: str) -> Any:
    return importlib.import_module(f"{RUNTIMES[runtime]}.interpreter")


def pick_runtime(name: str | None = None, *, available: Sequence[str] | None = None) -> str:
    """Check that a runtime is available, or choose the fastest.

    Args:
        name: The runtime to check; None for the fastest.
        available: The runtimes to choose from; None for those of this process.

    Raises:
        FerError: There is no runtime.
        UsageError: The runtime `name` is not available.
    """
    available = available_runtimes() if available is None else available
    if name in available or (name is None and available):
        return name or available[0]
    broken = any(_is_broken_by_tensorflow(runtime) for runtime in _installed_runtimes())
    reason = "; TensorFlow was imported before tflite-runtime, which then fails" if broken else ""
    if name is None:
        raise FerError(f"no TFLite runtime{reason}", cure=f"pip install {' or '.join(RUNTIMES)}")
    raise UsageError(f"runtime {name} is not available; expected one of {', '.join(available) or 'none'}{reason}")


def make_interpreter(runtime: str, graph: bytes, threads: int, delegate: Any = None) -> Interpreter:
    """Make an interpreter of a TFLite flatbuffer and allocate its tensors.

    Raises:
        ValueError: The flatbuffer is damaged.
        RuntimeError: The graph is damaged, one of its operators has no implementation, or the delegate has failed.
    """
    interpreter: Interpreter = _module(runtime).Interpreter(
        model_content=graph, num_threads=threads, experimental_delegates=None if delegate is None else [delegate]
    )
    interpreter.allocate_tensors()
    return interpreter


def load_delegate(runtime: str, library: str, options: dict[str, str]) -> Any:
    """Create a TFLite external delegate.

    Args:
        runtime: The runtime that will use it.
        library: Path of the shared library, or its name as the dynamic loader finds it.
        options: Passed to the library.

    Raises:
        OSError: The library cannot be loaded, or is no external delegate.
        ValueError: The library creates no delegate; the message is the library's own, perhaps empty.
    """
    # Loaded here first: the runtime's own loader leaves an object behind whose destructor prints a traceback.
    if not hasattr(ctypes.CDLL(library), DELEGATE_FUNCTION):
        raise OSError(f"it has no {DELEGATE_FUNCTION}")
    try:
        return _module(runtime).load_delegate(library, options)
    except ValueError as error:
        # TFLite's message is "Failed to load delegate from LIBRARY", a line break, and the library's own.
        raise ValueError(str(error).partition("\n")[2].strip()) from error


def describe_runtime(runtime: str) -> str:
    """The runtime with its version, e.g. `tflite-runtime 2.14.0`."""
    return f"{runtime} {importlib.metadata.version(runtime)}"
