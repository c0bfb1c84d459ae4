"""The TFLite runtimes that are installed, and interpreters made by them."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
from typing import Any, Protocol

from fer_edge.errors import FerError, UsageError

# The faster first. No race at start decides: a loaded machine would toss a coin, and the runtimes round differently, so
# the same clip could give other events after a restart. ai-edge-litert runs int8 through XNNPACK and tflite-runtime
# does not: 0.25 against 2.1 ms for a network of 0.3 M parameters on one x86 thread.
RUNTIMES = {"ai-edge-litert": "ai_edge_litert", "tflite-runtime": "tflite_runtime"}


class Interpreter(Protocol):
    """The part of a TFLite interpreter that is used here."""

    def allocate_tensors(self) -> None:
        """Plan the memory; where an operator that nothing provides is found."""

    def get_input_details(self) -> list[dict[str, Any]]:
        """Of each input: name, index, shape, dtype, quantization (scale, zero point)."""

    def get_output_details(self) -> list[dict[str, Any]]:
        """Of each output, the same."""

    def get_tensor_details(self) -> list[dict[str, Any]]:
        """Of each tensor, the same."""

    def set_tensor(self, index: int, value: Any) -> None:
        """Copy an array of the tensor's shape and dtype into it."""

    def get_tensor(self, index: int) -> Any:
        """A copy of a tensor, as an array."""

    def invoke(self) -> None:
        """Compute the outputs. Raises RuntimeError."""


def available_runtimes() -> tuple[str, ...]:
    """The runtimes that can be used in this process, by the names of their distributions, the faster first.

    tflite-runtime is not among them once TensorFlow was imported without it: its interpreters would fail with
    `ValueError: vector::reserve`. The other order works, and ai-edge-litert works in either.
    """
    return tuple(name for name, package in RUNTIMES.items() if _installed(package) and not _spoiled(package))


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _spoiled(package: str) -> bool:
    return package == "tflite_runtime" and "tensorflow" in sys.modules and f"{package}.interpreter" not in sys.modules


def import_runtimes() -> None:
    """Import every runtime there is: for a program that will import TensorFlow and may then ask for any of them."""
    for name in available_runtimes():
        _module(name)


def _module(runtime: str) -> Any:
    return importlib.import_module(f"{RUNTIMES[runtime]}.interpreter")


def pick_runtime(asked: str | None = None) -> str:
    """The runtime asked for, else the fastest. Raises UsageError when it is not here, FerError when there is none."""
    there = available_runtimes()
    if asked in there or (asked is None and there):
        return asked or there[0]
    spoiled = [name for name, package in RUNTIMES.items() if _spoiled(package) and _installed(package)]
    reason = "; TensorFlow was imported before tflite-runtime, which then fails" if spoiled else ""
    if asked is None:
        raise FerError(f"no TFLite runtime: pip install {' or '.join(RUNTIMES)}{reason}")
    raise UsageError(f"runtime {asked}: not here; expected one of {', '.join(there) or 'none'}{reason}")


def make_interpreter(runtime: str, graph: bytes, threads: int, delegate: Any = None) -> Interpreter:
    """An interpreter of a TFLite flatbuffer, its tensors allocated. Raises ValueError or RuntimeError for a bad one."""
    interpreter: Interpreter = _module(runtime).Interpreter(
        model_content=graph, num_threads=threads, experimental_delegates=None if delegate is None else [delegate]
    )
    interpreter.allocate_tensors()
    return interpreter


def load_delegate(runtime: str, library: str, options: dict[str, str]) -> Any:
    """A TFLite delegate out of a shared library. Raises OSError or ValueError."""
    return _module(runtime).load_delegate(library, options)


def describe_runtime(runtime: str) -> str:
    """The runtime with its version, e.g. `tflite-runtime 2.14.0`."""
    return f"{runtime} {importlib.metadata.version(runtime)}"
