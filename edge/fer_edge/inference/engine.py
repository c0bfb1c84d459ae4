"""An interpreter for a model, and what it runs on."""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.inference.backends.edgetpu import OPERATOR, AcceleratorError, library_name, load_edgetpu
from fer_edge.inference.model_file import ModelError, ModelFile
from fer_edge.inference.runtimes import Interpreter, describe_runtime, make_interpreter, pick_runtime


@dataclass(frozen=True)
class Engine:
    """An interpreter with its tensors allocated, and what it runs on, in words."""

    interpreter: Interpreter
    runs_on: str


def is_compiled(model: ModelFile) -> bool:
    """Whether the model was compiled for the Edge TPU, and runs nowhere else."""
    return OPERATOR in model.graph


def open_engine(model: ModelFile, threads: int = 1, *, runtime: str | None = None, device: str = "") -> Engine:
    """Prepare `model` to run: on the Edge TPU if it was compiled for one, else on `threads` threads of the processor.

    `runtime` is one of `available_runtimes()`, else the fastest of them; `device` is `usb:0`, `pci:0`, or any Edge TPU.
    The delegate is given to a compiled model alone, since any other would run on the processor without a word. Raises
    AcceleratorError when there is no Edge TPU to run a compiled model, ModelError when the interpreter cannot make
    sense of the model, UsageError when the runtime is not here.
    """
    runtime = pick_runtime(runtime)
    compiled = is_compiled(model)
    delegate = load_edgetpu(runtime, device) if compiled else None
    try:
        interpreter = make_interpreter(runtime, model.graph, threads, delegate)
    except (ValueError, RuntimeError) as error:
        if compiled and OPERATOR.decode() in str(error):  # the delegate is there and has not claimed the operator
            raise AcceleratorError(
                f"Edge TPU: the delegate of {library_name()} does not take {model.path}: {error}"
            ) from error
        raise ModelError(f"model {model.path}: {runtime} cannot load it: {error}") from error
    if compiled:
        return Engine(interpreter, f"edgetpu{f' {device}' if device else ''} ({describe_runtime(runtime)})")
    return Engine(interpreter, f"cpu ({describe_runtime(runtime)}, {threads} thread{'s' if threads > 1 else ''})")
