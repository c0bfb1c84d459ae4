"""A model loaded on a backend; `loader` and `selection` make one."""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.inference.runtimes import Interpreter


@dataclass(frozen=True)
class InferenceEngine:
    """A model loaded on a backend, ready to be invoked.

    Attributes:
        interpreter: With the tensors allocated.
        runs_on: Backend, runtime and threads, e.g. `cpu (tflite-runtime 2.14.0, 3 threads)`.
    """

    interpreter: Interpreter
    runs_on: str
