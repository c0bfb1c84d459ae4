"""The protocol of a backend, and the classes that all backends share."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from fer_edge.errors import FerError
from fer_edge.inference.engine import InferenceEngine
from fer_edge.inference.model_file import ModelError, ModelFile, model_error


class AcceleratorError(FerError, RuntimeError):
    """The backend cannot be used, or has failed during the run."""


def _may_write(node: Path) -> bool:
    return os.access(node, os.W_OK)


@dataclass(frozen=True)
class DeviceFiles:
    """Where the kernel lists its devices; tests hand in their own folders."""

    sysfs: Path = Path("/sys")
    dev: Path = Path("/dev")
    may_write: Callable[[Path], bool] = _may_write


class Backend(Protocol):
    """Runs models: the CPU or an accelerator.

    A new backend is a module in this package with a subclass of this, and an entry in `BACKENDS`. No other code has to
    know it; the help text of `--accelerator` in `fer_edge.config.schema` should mention it.

    Attributes:
        name: In `--accelerator`, e.g. `edgetpu`.
        title: In messages, e.g. `Edge TPU`.
        examples: Values of `--accelerator` that select it, to be listed in an error message.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    examples: ClassVar[tuple[str, ...]]

    @property
    def spec(self) -> str:
        """The value of `--accelerator` that selects exactly this: the name, and `:ARGUMENT` if it has one."""
        return self.name

    def configure(self, argument: str) -> Backend:
        """This backend with an ARGUMENT, empty for none. Raises ValueError for an argument it does not take."""
        if argument:
            raise ValueError(argument)
        return self

    def is_target(self, model: ModelFile) -> bool:
        """Whether the model was compiled for this backend, so that it runs on no other."""
        return False

    def find_model(self, model: ModelFile) -> ModelFile:
        """The file to run here: the model itself, or the one compiled for this backend beside it. Raises ModelError."""
        return model

    def find_devices(self, files: DeviceFiles) -> list[Path]:
        """The device nodes of this backend that are present; the process needs permission to write to them."""
        return []

    def is_candidate(self, model: ModelFile, files: DeviceFiles) -> bool:
        """Whether `--accelerator auto` should try this backend for the model."""
        return bool(self.find_devices(files))

    @abstractmethod
    def open(self, model: ModelFile, runtime: str, threads: int) -> InferenceEngine:
        """Load the model.

        Args:
            model: A file that `find_model` returned.
            runtime: One of `fer_edge.inference.runtimes.available_runtimes()`.
            threads: How many the interpreter may use.

        Raises:
            AcceleratorError: The backend does not work; `cure` has what to do.
            ModelError: The interpreter cannot load the model.
        """

    @abstractmethod
    def crash_error(self, model: ModelFile, runtime: str, reason: str) -> FerError:
        """The error to report when a child process has crashed with the model; `reason` names the signal."""

    @abstractmethod
    def timeout_error(self, model: ModelFile, runtime: str, reason: str) -> FerError:
        """The error to report when a child process with the model has not answered in time."""


def load_error(model: ModelFile, runtime: str, error: Exception) -> ModelError:
    """The error to report when the interpreter of `runtime` refuses the model."""
    return model_error(model.path, f"{runtime} cannot load it: {error}")
