"""The CPU. It runs every model that was not compiled for an accelerator."""

from __future__ import annotations

from fer_edge.errors import FerError
from fer_edge.inference.backends.base import Backend, DeviceFiles, load_error
from fer_edge.inference.engine import InferenceEngine
from fer_edge.inference.model_file import ModelFile, model_error
from fer_edge.inference.runtimes import describe_runtime, make_interpreter

NEW_MODEL = "make it again with fer-convert quantize"


class CpuBackend(Backend):
    """`--accelerator cpu`."""

    name = "cpu"
    title = "CPU"
    examples = ("cpu",)

    def is_candidate(self, model: ModelFile, files: DeviceFiles) -> bool:
        """Always."""
        return True

    def open(self, model: ModelFile, runtime: str, threads: int) -> InferenceEngine:
        """Load the model; see Backend.open."""
        try:
            interpreter = make_interpreter(runtime, model.graph, threads)
        except (ValueError, RuntimeError) as error:
            raise load_error(model, runtime, error) from error
        unit = "thread" if threads == 1 else "threads"
        return InferenceEngine(interpreter, f"{self.name} ({describe_runtime(runtime)}, {threads} {unit})")

    def crash_error(self, model: ModelFile, runtime: str, reason: str) -> FerError:
        """The model is at fault: only a damaged one crashes the runtime."""
        return model_error(model.path, f"crashes {runtime} ({reason})", NEW_MODEL)

    def timeout_error(self, model: ModelFile, runtime: str, reason: str) -> FerError:
        """The model is at fault: only a damaged one takes this long."""
        return model_error(model.path, f"hangs in {runtime} ({reason})", NEW_MODEL)
