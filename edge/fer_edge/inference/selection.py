"""Which model file runs, on what, with which runtime: decided once, at start, by trying."""

from __future__ import annotations

import logging
from pathlib import Path

from fer_edge.config.model import AUTO, CPU
from fer_edge.errors import FerError
from fer_edge.inference.backends.edgetpu import AcceleratorError, DeviceFiles, find_edgetpus, library_name
from fer_edge.inference.engine import Engine, is_compiled, open_engine
from fer_edge.inference.model_file import ModelError, ModelFile, read_model
from fer_edge.inference.probe import TIMEOUT, ProbeDiedError, ProbeHungError, probe
from fer_edge.inference.runtimes import available_runtimes, describe_runtime, pick_runtime

log = logging.getLogger(__name__)


def select_engine(
    path: Path, accelerator: str = AUTO, threads: int = 1, *, timeout: int = TIMEOUT
) -> tuple[ModelFile, Engine]:
    """The model to run and the engine that runs it; both were seen to work in a process of their own.

    `accelerator` is that of config.parse_accelerator. On an Edge TPU the model is `path` or `X_edgetpu.tflite` beside
    `path`. With `auto`, a model that is not itself compiled runs on the processor when no Edge TPU works, and the log
    says why. Raises ModelError when the model cannot be used, or not on what was asked for; AcceleratorError when
    the Edge TPU cannot.
    """
    model = read_model(path)
    wanted, _, device = accelerator.partition(":")
    if wanted == CPU:
        if is_compiled(model):
            raise ModelError(f"model {path}: compiled for the Edge TPU, and cannot run on the processor")
        return _open(model, threads, "", timeout)
    if wanted != AUTO or is_compiled(model):
        return _open(_compiled(model), threads, device, timeout)
    if _beside(path).is_file() or find_edgetpus(DeviceFiles()):
        try:
            return _open(_compiled(model), threads, device, timeout)
        except FerError as error:
            log.warning("runs on the processor: %s", " ".join(str(error).split()))
    return _open(model, threads, "", timeout)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}_edgetpu{path.suffix}")


def _compiled(model: ModelFile) -> ModelFile:
    """The model itself if it is compiled for the Edge TPU, else the compiled one beside it."""
    if is_compiled(model):
        return model
    beside = _beside(model.path)
    if not beside.is_file():
        raise ModelError(
            f"model {model.path}: not compiled for the Edge TPU, and no {beside.name} beside it; fer-convert compile "
            f"{model.path} makes one"
        )
    compiled = read_model(beside)
    if not is_compiled(compiled):
        raise ModelError(f"model {beside}: not compiled for the Edge TPU; fer-convert compile {model.path}")
    if compiled.labels != model.labels:
        raise ModelError(f"model {beside}: its labels are not those of {model.path}; fer-convert compile {model.path}")
    return compiled


def _open(model: ModelFile, threads: int, device: str, timeout: int) -> tuple[ModelFile, Engine]:
    """Try one runtime after the other until one survives the model, and open it there."""
    pick_runtime()  # says so if there is none
    deaths: list[FerError] = []
    for runtime in available_runtimes():
        try:
            probe(model.path, runtime, threads=threads, device=device, timeout=timeout)
        except ProbeDiedError as error:
            deaths.append(_death(model, runtime, error))
        except ProbeHungError as error:
            raise _hung(model, runtime, error) from error
        else:
            for death in deaths:
                log.warning("%s", death)
            return model, open_engine(model, threads, runtime=runtime, device=device)
    raise deaths[0]


def _death(model: ModelFile, runtime: str, error: ProbeDiedError) -> FerError:
    if is_compiled(model):
        return AcceleratorError(
            f"Edge TPU: {library_name()} kills the process that uses it ({error}): most likely it was built for "
            f"another TFLite; install a libedgetpu1-std built for {describe_runtime(runtime)}"
        )
    return ModelError(f"model {model.path}: {runtime} dies of it ({error}); make it again with fer-convert quantize")


def _hung(model: ModelFile, runtime: str, error: ProbeHungError) -> FerError:
    if is_compiled(model):
        return AcceleratorError(f"Edge TPU: {error} from {library_name()}: unplug the Coral and plug it in again")
    return ModelError(f"model {model.path}: {runtime} hangs ({error}); make it again with fer-convert quantize")
