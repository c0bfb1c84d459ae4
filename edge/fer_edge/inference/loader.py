"""Opens a model in this process; the daemon uses `selection`, which tries it in a child process first."""

from __future__ import annotations

from fer_edge.inference.backends import CPU, compiled_for
from fer_edge.inference.backends.base import Backend
from fer_edge.inference.engine import InferenceEngine
from fer_edge.inference.model_file import ModelFile
from fer_edge.inference.runtimes import pick_runtime


def open_engine(
    model: ModelFile, threads: int = 1, *, runtime: str | None = None, backend: Backend | None = None
) -> InferenceEngine:
    """Load a model.

    Args:
        model: The model to load.
        threads: How many the interpreter may use.
        runtime: One of `available_runtimes()`; None for the fastest.
        backend: None for the one for which the model was compiled, else the CPU.

    Raises:
        AcceleratorError: The backend does not work.
        ModelError: The interpreter cannot load the model.
        UsageError: The runtime is not installed.
    """
    backend = backend or compiled_for(model) or CPU
    return backend.open(model, pick_runtime(runtime), threads)
