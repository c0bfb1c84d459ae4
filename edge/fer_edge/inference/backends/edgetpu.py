"""The Coral Edge TPU: its library, its devices, and what is wrong when it cannot be used."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.config.accelerator import LIBRARY_VARIABLE
from fer_edge.errors import FerError
from fer_edge.inference.backends.base import AcceleratorError, Backend, DeviceFiles, load_error
from fer_edge.inference.engine import InferenceEngine
from fer_edge.inference.model_file import ModelFile, model_error, read_model
from fer_edge.inference.runtimes import describe_runtime, load_delegate, make_interpreter

LIBRARY = "libedgetpu.so.1"
CUSTOM_OPERATOR = b"edgetpu-custom-op"  # replaces the operators that edgetpu_compiler maps to the Edge TPU
# Vendor and product, before and after the firmware is loaded, which the first use does.
USB_IDS = {("1a6e", "089a"), ("18d1", "9302")}
UDEV_RULES = "60-fer-edge-coral.rules"


@dataclass(frozen=True)
class EdgeTpuBackend(Backend):
    """`--accelerator edgetpu`, or one of several: `edgetpu:usb:0`, `edgetpu:pci:0`.

    It runs the model itself if that is compiled, else `X_edgetpu.tflite` beside `X.tflite`.

    Attributes:
        device: `usb:N` or `pci:N`; empty for any.
    """

    device: str = ""

    name = "edgetpu"
    title = "Edge TPU"
    examples = ("edgetpu", "edgetpu:usb:0", "edgetpu:pci:0")

    @property
    def spec(self) -> str:
        """`edgetpu` or `edgetpu:DEVICE`."""
        return f"{self.name}:{self.device}" if self.device else self.name

    def configure(self, argument: str) -> EdgeTpuBackend:
        """The Edge TPU `usb:N` or `pci:N`."""
        if argument and not re.fullmatch(r"(usb|pci):\d+", argument):
            raise ValueError(argument)
        return EdgeTpuBackend(argument)

    def is_target(self, model: ModelFile) -> bool:
        """Whether edgetpu_compiler has compiled it."""
        return CUSTOM_OPERATOR in model.graph

    def find_model(self, model: ModelFile) -> ModelFile:
        """The model itself if it is compiled, else the compiled one beside it, which must have the same labels."""
        if self.is_target(model):
            return model
        path, cure = _compiled_path(model), f"run fer-convert compile {model.path}"
        if not path.is_file():
            raise model_error(model.path, f"not compiled for the Edge TPU, and no {path.name} beside it", cure)
        compiled = read_model(path)
        if not self.is_target(compiled):
            raise model_error(path, "not compiled for the Edge TPU", cure)
        if compiled.labels != model.labels:
            raise model_error(path, f"its labels are not those of {model.path}", cure)
        return compiled

    def find_devices(self, files: DeviceFiles) -> list[Path]:
        """The Edge TPUs that are plugged in."""
        return find_edgetpus(files)

    def is_candidate(self, model: ModelFile, files: DeviceFiles) -> bool:
        """When there is a compiled model, or an Edge TPU for which there should be one."""
        return self.is_target(model) or _compiled_path(model).is_file() or bool(self.find_devices(files))

    def open(self, model: ModelFile, runtime: str, threads: int) -> InferenceEngine:
        """Load a compiled model; see Backend.open."""
        delegate = _create_delegate(runtime, self.device)
        try:
            interpreter = make_interpreter(runtime, model.graph, threads, delegate)
        except (ValueError, RuntimeError) as error:
            # TFLite has no error code for an operator without an implementation: only its text names the operator.
            if CUSTOM_OPERATOR.decode() in str(error):
                message = f"Edge TPU: the delegate of {library_name()} does not take {model.path}: {error}"
                raise AcceleratorError(message) from error
            raise load_error(model, runtime, error) from error
        device = f" {self.device}" if self.device else ""
        return InferenceEngine(interpreter, f"{self.name}{device} ({describe_runtime(runtime)})")

    def crash_error(self, model: ModelFile, runtime: str, reason: str) -> FerError:
        """A library that was built for another version of TFLite crashes, since the delegate has no stable ABI."""
        return AcceleratorError(
            f"Edge TPU: {library_name()} crashes ({reason}), most likely because it was built for another TFLite",
            cure=f"install a libedgetpu1-std built for {describe_runtime(runtime)}",
        )

    def timeout_error(self, model: ModelFile, runtime: str, reason: str) -> FerError:
        """An Edge TPU whose firmware hangs."""
        return AcceleratorError(
            f"Edge TPU: {reason} from {library_name()}", cure="unplug the Coral and plug it in again"
        )


def _compiled_path(model: ModelFile) -> Path:
    return model.path.with_name(f"{model.path.stem}_edgetpu{model.path.suffix}")


def find_edgetpus(files: DeviceFiles) -> list[Path]:
    """The device nodes of the Edge TPUs that are plugged in, USB and PCIe."""
    usb = [_usb_node(folder, files.dev) for folder in sorted(files.sysfs.glob("bus/usb/devices/*"))]
    return [node for node in usb if node] + sorted(files.dev.glob("apex_*"))


def _usb_node(folder: Path, dev: Path) -> Path | None:
    def read(name: str) -> str:
        return (folder / name).read_text().strip()

    try:
        if (read("idVendor"), read("idProduct")) in USB_IDS:
            return dev / "bus" / "usb" / f"{int(read('busnum')):03}" / f"{int(read('devnum')):03}"
    except (OSError, ValueError):  # an interface, which has no ids, or a device that was unplugged in the meantime
        pass
    return None


def library_name() -> str:
    """The shared library with the delegate, as the dynamic loader finds it."""
    return os.environ.get(LIBRARY_VARIABLE, LIBRARY)


def _create_delegate(runtime: str, device: str) -> Any:
    """Create the delegate of an Edge TPU. Raises AcceleratorError.

    A library built for another version of TFLite crashes the process instead of raising an error; see `probe`.
    """
    library = library_name()
    try:
        return load_delegate(runtime, library, {"device": device} if device else {})
    except OSError as error:
        raise AcceleratorError(
            f"Edge TPU: {library} cannot be loaded ({error})",
            cure=f"install a libedgetpu1-std built for {describe_runtime(runtime)}",
        ) from error
    except ValueError as error:
        raise missing_device_error(library, device, str(error), DeviceFiles()) from error


def missing_device_error(library: str, device: str, reason: str, files: DeviceFiles) -> AcceleratorError:
    """Explain by the device nodes why the library finds no device.

    Args:
        library: Its name.
        device: The device it should use, `usb:N` or `pci:N`; empty for any.
        reason: What the library itself reports, perhaps empty.
        files: Where to search for device nodes.
    """
    device = f" {device}" if device else ""
    reason = f" ({reason})" if reason else ""
    message = f"Edge TPU: {library} finds no device{device}{reason}"
    nodes = find_edgetpus(files)
    if not nodes:
        return AcceleratorError(message, cure="plug the Coral in")
    for node in nodes:
        if not files.may_write(node):
            return AcceleratorError(
                f"Edge TPU: no permission for {node}",
                cure=f"install {UDEV_RULES} in /etc/udev/rules.d, join the group plugdev, and replug it",
            )
    return AcceleratorError(
        f"{message}, though {nodes[0]} exists",
        cure="stop the other program that uses it, or unplug it and plug it in again",
    )
