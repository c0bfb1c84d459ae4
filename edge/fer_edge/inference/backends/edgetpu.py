"""The Edge TPU: its library, its devices, and what is wrong when it cannot be used."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.config.model import LIBRARY_VARIABLE
from fer_edge.errors import FerError
from fer_edge.inference.runtimes import describe_runtime, load_delegate

LIBRARY = "libedgetpu.so.1"
OPERATOR = b"edgetpu-custom-op"  # what edgetpu_compiler makes of the operators that it maps
USB_IDS = {("1a6e", "089a"), ("18d1", "9302")}  # before and after its firmware is loaded, at first use
RULES = "60-fer-edge-coral.rules"


class AcceleratorError(FerError, RuntimeError):
    """The Edge TPU that is needed cannot be used, or what the model runs on has failed."""


def _may_write(node: Path) -> bool:
    return os.access(node, os.W_OK)


@dataclass(frozen=True)
class DeviceFiles:
    """Where the kernel shows its devices; handed in, so that a test can plug something in."""

    sysfs: Path = Path("/sys")
    dev: Path = Path("/dev")
    may_write: Callable[[Path], bool] = _may_write


def find_edgetpus(machine: DeviceFiles) -> list[Path]:
    """The device nodes of the Edge TPUs that are plugged in, USB and PCIe."""
    usb = [_usb_node(folder, machine.dev) for folder in sorted(machine.sysfs.glob("bus/usb/devices/*"))]
    return [node for node in usb if node] + sorted(machine.dev.glob("apex_*"))


def _usb_node(folder: Path, dev: Path) -> Path | None:
    def read(name: str) -> str:
        return (folder / name).read_text().strip()

    try:
        if (read("idVendor"), read("idProduct")) in USB_IDS:
            return dev / "bus" / "usb" / f"{int(read('busnum')):03}" / f"{int(read('devnum')):03}"
    except (OSError, ValueError):  # an interface, which has no ids; or unplugged while we looked
        pass
    return None


def library_name() -> str:
    """The shared library with the delegate, as the loader finds it."""
    return os.environ.get(LIBRARY_VARIABLE, LIBRARY)


def load_edgetpu(runtime: str, device: str = "", machine: DeviceFiles | None = None) -> Any:
    """The delegate for `device` (`usb:0`, `pci:0`, any for ""). Raises AcceleratorError with the cure.

    A library that was built for another version of TFLite does not raise but kills the process: see probe.
    """
    name = library_name()
    try:
        ctypes.CDLL(name)  # first, since load_delegate leaves a half-made object behind that complains later
        return load_delegate(runtime, name, {"device": device} if device else {})
    except OSError as error:
        reason = f"{name} cannot be loaded ({error}): install a libedgetpu1-std built for {describe_runtime(runtime)}"
    except ValueError as error:
        said = str(error).partition("\n")[2].strip()  # after "Failed to load delegate from ..."
        reason = no_device(name, device, said, machine or DeviceFiles())
    raise AcceleratorError(f"Edge TPU: {reason}")


def no_device(name: str, device: str, said: str, machine: DeviceFiles) -> str:
    """Why the library finds no device, from what the kernel shows, and the cure. `said` is its own reason, if any."""
    finds = f"{name} finds no device{f' {device}' if device else ''}{f' ({said})' if said else ''}"
    nodes = find_edgetpus(machine)
    if not nodes:
        return f"{finds}: plug the Coral in"
    refused = [node for node in nodes if not machine.may_write(node)]
    if refused:
        return (
            f"no permission for {refused[0]}: install {RULES} in /etc/udev/rules.d, join the group plugdev, replug it"
        )
    return f"{finds}, though {nodes[0]} is there: another program holds it, or it needs to be plugged in again"
