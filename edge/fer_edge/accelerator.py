"""Which interpreter runs a model, and on what."""

from __future__ import annotations

import ctypes
import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from .errors import FerError
from .modelfile import ModelError, ModelFile

try:
    from tflite_runtime.interpreter import Interpreter as TFLiteInterpreter
    from tflite_runtime.interpreter import load_delegate

    RUNTIME = "tflite-runtime"
except ImportError:
    from ai_edge_litert.interpreter import Interpreter as TFLiteInterpreter
    from ai_edge_litert.interpreter import load_delegate

    RUNTIME = "ai-edge-litert"

EDGETPU_LIBRARY = "libedgetpu.so.1"
EDGETPU_OP = b"edgetpu-custom-op"


class Interpreter(Protocol):
    """The part of a TFLite interpreter that is used here."""

    def allocate_tensors(self) -> None: ...
    def get_input_details(self) -> list[dict[str, Any]]: ...
    def get_output_details(self) -> list[dict[str, Any]]: ...
    def get_tensor_details(self) -> list[dict[str, Any]]: ...
    def set_tensor(self, index: int, value: Any) -> None: ...
    def get_tensor(self, index: int) -> Any: ...
    def invoke(self) -> None: ...


class AcceleratorError(FerError, RuntimeError):
    """The model is compiled for an Edge TPU and there is none to run it."""


@dataclass(frozen=True)
class Engine:
    """An interpreter with its tensors allocated, and what it runs on, in words."""

    interpreter: Interpreter
    runs_on: str


def load_library(name: str) -> Any:
    """The TFLite delegate in a shared library. Raises OSError without the library, ValueError without a device."""
    ctypes.CDLL(name)  # first, since load_delegate leaves a half-made object behind that complains later
    return load_delegate(name)


def open_engine(model: ModelFile, threads: int = 1, load: Callable[[str], Any] = load_library) -> Engine:
    """Prepare `model` to run: on the Edge TPU if it was compiled for one, else on `threads` threads of the processor.

    A compiled model is known by its custom op; giving the delegate to any other model would run it on the processor
    without a word. Raises AcceleratorError when there is no Edge TPU to run a compiled model, ModelError when the
    interpreter cannot make sense of the model.
    """
    compiled = EDGETPU_OP in model.graph
    delegates = [_edgetpu(load, model)] if compiled else None
    try:
        interpreter = TFLiteInterpreter(
            model_content=model.graph, num_threads=threads, experimental_delegates=delegates
        )
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"model {model.path}: {RUNTIME} cannot load it: {error}") from error
    version = importlib.metadata.version(RUNTIME)
    return Engine(interpreter, f"{'edgetpu' if compiled else 'cpu'} ({RUNTIME} {version})")


def _edgetpu(load: Callable[[str], Any], model: ModelFile) -> Any:
    try:
        return load(EDGETPU_LIBRARY)
    except OSError as error:
        reason = f"{EDGETPU_LIBRARY} is not installed ({error})"
    except ValueError:
        reason = f"{EDGETPU_LIBRARY} finds no device: is the Coral plugged in?"
    raise AcceleratorError(f"model {model.path} is compiled for an Edge TPU, and {reason}")
