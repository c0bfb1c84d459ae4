"""Selects the model file, the backend and the runtime of a run, by trying them at start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fer_edge.config.accelerator import AUTO
from fer_edge.errors import FerError
from fer_edge.inference.backends import BACKENDS, CPU, compiled_for, parse_backend
from fer_edge.inference.backends.base import AcceleratorError, Backend, DeviceFiles
from fer_edge.inference.engine import InferenceEngine
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import ModelError, ModelFile, missing_labels_error, model_error, read_tflite
from fer_edge.inference.probe import PROBE_TIMEOUT, ProbeCrashError, ProbeTimeoutError, UnexpectedProbeError, probe
from fer_edge.inference.runtimes import available_runtimes, pick_runtime


@dataclass(frozen=True)
class Selection:
    """What was selected.

    Attributes:
        model: The file that runs.
        engine: What runs it.
        warnings: Why a preferred backend or runtime does not work, one line each.
    """

    model: ModelFile
    engine: InferenceEngine
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Platform:
    """The backends and runtimes to select from, and how they are tried; tests hand in their own.

    Attributes:
        backends: In the order in which `auto` tries them.
        runtimes: Names of TFLite runtimes, in the order in which they are tried.
        files: Where the backends search for their devices.
        probe: Tries a model in a child process; see `fer_edge.inference.probe.probe`.
        timeout: Of the probe, in whole seconds.
    """

    backends: Sequence[Backend] = BACKENDS
    runtimes: Sequence[str] = field(default_factory=available_runtimes)
    files: DeviceFiles = field(default_factory=DeviceFiles)
    probe: Callable[..., None] = probe
    timeout: int = PROBE_TIMEOUT


def select_engine(
    path: Path, accelerator: str = AUTO, threads: int = 1, *, platform: Platform | None = None
) -> Selection:
    """Select what runs a model, and open it there once it has run in a child process.

    With `auto`, a model that was compiled for a backend runs there and nowhere else. Any other model runs on the first
    backend that works, at last the CPU, and the warnings have the reasons of the others.

    Args:
        path: The model file; a backend may run the compiled one beside it instead. It is opened even if it has no
            labels, so that all that it lacks can be reported at once: see `fer_edge.inference.contract`.
        accelerator: `auto`, or NAME or NAME:ARGUMENT of a backend.
        threads: How many the interpreter may use.
        platform: None for this machine.

    Raises:
        AcceleratorError: The backend does not work.
        FerError: No TFLite runtime is installed.
        ModelError: The model cannot be used, or not on this backend.
        UsageError: There is no such backend.
    """
    platform = platform or Platform()
    pick_runtime(available=platform.runtimes)  # raises without any
    backend = None if accelerator == AUTO else parse_backend(accelerator, platform.backends)
    model = read_tflite(path)
    try:
        if backend is None:
            return _select_automatically(model, threads, platform)
        target = compiled_for(model, platform.backends)
        if target and backend.name == CPU.name:
            raise model_error(path, f"compiled for the {target.title}, and cannot run on the CPU")
        return _select(model, backend, threads, platform)
    except ModelError as error:
        if model.labels:
            raise
        raise missing_labels_error(path) from error  # most likely it is cut short, which also explains the other error


def _select_automatically(model: ModelFile, threads: int, platform: Platform) -> Selection:
    target = compiled_for(model, platform.backends)
    if target:
        return _select(model, target, threads, platform)
    *preferred, last = [backend for backend in platform.backends if backend.is_candidate(model, platform.files)]
    problems: list[str] = []
    for backend in preferred:
        try:
            selection = _select(model, backend, threads, platform)
            break
        except FerError as error:
            problems.append(" ".join(str(error).split()))
    else:
        backend, selection = last, _select(model, last, threads, platform)
    warnings = [f"runs on the {backend.title}: {problem}" for problem in problems]
    return replace(selection, warnings=(*warnings, *selection.warnings))


def _select(model: ModelFile, backend: Backend, threads: int, platform: Platform) -> Selection:
    model = backend.find_model(model)
    engine, failures = probe_and_open(model, backend, threads, platform)
    return Selection(model, engine, tuple(map(str, failures)))


def probe_and_open(
    model: ModelFile, backend: Backend, threads: int, platform: Platform
) -> tuple[InferenceEngine, tuple[FerError, ...]]:
    """Probe the runtimes until one works, and open a model with that one.

    Args:
        model: The file that runs.
        backend: Where it runs.
        threads: How many the interpreter may use.
        platform: Has at least one runtime.

    Returns:
        What runs the model, and an error for each runtime that was tried before and failed.

    Raises:
        FerError: The backend does not work, or not with this model.
    """
    failures: list[FerError] = []
    for runtime in platform.runtimes:
        try:
            platform.probe(model.path, backend.spec, runtime, threads=threads, timeout=platform.timeout)
        except ProbeCrashError as error:
            failures.append(backend.crash_error(model, runtime, str(error)))
        except UnexpectedProbeError as error:
            failures.append(_unexpected_error(model, backend, runtime, str(error)))
        except ProbeTimeoutError as error:
            raise backend.timeout_error(model, runtime, str(error)) from error
        else:
            return open_engine(model, threads, runtime=runtime, backend=backend), tuple(failures)
    raise failures[0]


def _unexpected_error(model: ModelFile, backend: Backend, runtime: str, reason: str) -> FerError:
    """The error to report when trying a model failed in a way that no backend explains."""
    problem = f"cannot be tried on the {backend.title} with {runtime} ({reason})"
    if backend.name == CPU.name:
        return model_error(model.path, problem)
    return AcceleratorError(f"{model.path}: {problem}")
