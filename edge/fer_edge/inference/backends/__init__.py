"""What a model can run on: the registry of the backends."""

from __future__ import annotations

from collections.abc import Sequence

from fer_edge.config.accelerator import AUTO
from fer_edge.errors import UsageError
from fer_edge.inference.backends.base import Backend
from fer_edge.inference.backends.cpu import CpuBackend
from fer_edge.inference.backends.delegate import DelegateBackend
from fer_edge.inference.backends.edgetpu import EdgeTpuBackend
from fer_edge.inference.model_file import ModelFile

CPU = CpuBackend()
# In the order in which `--accelerator auto` tries them; the CPU, which always works, is the last.
BACKENDS: tuple[Backend, ...] = (
    EdgeTpuBackend(),
    DelegateBackend(),
    CPU,
)


def parse_backend(spec: str, backends: Sequence[Backend] = BACKENDS) -> Backend:
    """The backend that `--accelerator NAME` or `NAME:ARGUMENT` names. Raises UsageError."""
    name, _, argument = spec.partition(":")
    for backend in backends:
        if backend.name == name:
            try:
                return backend.configure(argument)
            except ValueError:
                break
    *examples, last = [AUTO, *(example for backend in backends for example in backend.examples)]
    raise UsageError(f"{spec}: expected {', '.join(examples)} or {last}", setting="model.accelerator")


def allowed_backends(accelerator: str, backends: Sequence[Backend] = BACKENDS) -> Sequence[Backend]:
    """The backends that a run may use: all for `auto`, else the one that is named. Raises UsageError."""
    return backends if accelerator == AUTO else [parse_backend(accelerator, backends)]


def compiled_for(model: ModelFile, backends: Sequence[Backend] = BACKENDS) -> Backend | None:
    """The backend for which the model was compiled, or None if it is an ordinary TFLite model."""
    return next((backend for backend in backends if backend.is_target(model)), None)
