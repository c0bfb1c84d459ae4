"""Any TFLite external delegate: a shared library that runs some or all operators of a model on its own hardware.

See https://ai.google.dev/edge/litert/performance/implementing_delegate. Operators that the delegate does not claim run
on the CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import FerError
from fer_edge.inference.backends.base import AcceleratorError, Backend, load_error
from fer_edge.inference.engine import InferenceEngine
from fer_edge.inference.model_file import ModelFile
from fer_edge.inference.runtimes import describe_runtime, load_delegate, make_interpreter


@dataclass(frozen=True)
class DelegateBackend(Backend):
    """`--accelerator delegate:LIBRARY` or `delegate:LIBRARY?KEY=VALUE&KEY=VALUE`.

    `auto` never tries it, since its library has to be named.

    Attributes:
        argument: The library, a path or a name as the dynamic loader finds it, and the options for it.
    """

    argument: str = ""

    name = "delegate"
    title = "delegate"
    examples = ("delegate:LIBRARY", "delegate:LIBRARY?KEY=VALUE&KEY=VALUE")

    @property
    def spec(self) -> str:
        """`delegate:ARGUMENT`."""
        return f"{self.name}:{self.argument}"

    @property
    def library(self) -> str:
        """The path or name of the shared library."""
        return self.argument.partition("?")[0]

    @property
    def options(self) -> dict[str, str]:
        """Passed to the library when it creates the delegate."""
        _, _, options = self.argument.partition("?")
        return dict(option.split("=", 1) for option in options.split("&") if option)

    def configure(self, argument: str) -> DelegateBackend:
        """The delegate of a library, created with these options."""
        backend = DelegateBackend(argument)
        if not backend.library:
            raise ValueError(argument)
        _ = backend.options  # raises ValueError for an option without "="
        return backend

    def open(self, model: ModelFile, runtime: str, threads: int) -> InferenceEngine:
        """Create the delegate and load the model; see Backend.open."""
        try:
            delegate = load_delegate(runtime, self.library, self.options)
        except OSError as error:
            cure = f"name a TFLite external delegate built for {describe_runtime(runtime)}"
            raise self._error(f"cannot be loaded ({error})", cure) from error
        except ValueError as error:
            reason = str(error) or "it gives no reason"
            raise self._error(f"cannot be created ({reason})", "check its device and its options") from error
        try:
            interpreter = make_interpreter(runtime, model.graph, threads, delegate)
        except ValueError as error:  # the flatbuffer is damaged; the delegate is not involved yet
            raise load_error(model, runtime, error) from error
        except RuntimeError as error:
            raise self._error(f"does not take {model.path}: {error}") from error
        return InferenceEngine(interpreter, f"{self.name} {Path(self.library).name} ({describe_runtime(runtime)})")

    def crash_error(self, model: ModelFile, runtime: str, reason: str) -> FerError:
        """A library that was built for another version of TFLite crashes, since delegates have no stable ABI."""
        return self._error(
            f"crashes with {model.path} ({reason})", f"install one built for {describe_runtime(runtime)}"
        )

    def timeout_error(self, model: ModelFile, runtime: str, reason: str) -> FerError:
        """A delegate whose device hangs."""
        return self._error(f"hangs with {model.path} ({reason})", "restart its device")

    def _error(self, problem: str, cure: str | None = None) -> AcceleratorError:
        return AcceleratorError(f"{self.name}:{self.library}: {problem}", setting="model.accelerator", cure=cure)
