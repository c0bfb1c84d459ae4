"""Checks the machine: device nodes, clock, temperature and power supply."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Callable
from pathlib import Path

from fer_edge.cameras.factory import find_kind
from fer_edge.config.model import Config
from fer_edge.diagnostics.finding import Finding, fail, ok, warn
from fer_edge.events import clock_synced
from fer_edge.inference.backends import allowed_backends
from fer_edge.inference.backends.base import DeviceFiles
from fer_edge.monitoring.system import HOT, describe_throttling, read_throttling, temperature

CAMERA_NODES = ("video[0-9]*", "media[0-9]*", "dma_heap/*")  # of V4L2 and libcamera, under /dev


def check_permissions(config: Config, machine: DeviceFiles | None = None) -> Finding:
    """Check that this user may write to the existing device nodes of camera and accelerator."""
    machine = machine or DeviceFiles()
    nodes = _device_nodes(config, machine)
    refused = [node for node in nodes if not machine.may_write(node)]
    user = _user()
    if refused:
        group = _group_of(refused[0])
        return fail(
            f"no permission for {' '.join(map(str, refused))}: sudo usermod -aG {group} {user}, and log in again"
        )
    groups = " ".join(sorted(_group_name(number) for number in {*os.getgroups(), os.getegid()}))
    devices = f"may use {' '.join(map(str, nodes))}" if nodes else "no device nodes to check"
    return ok(f"{user} ({groups}): {devices}")


def check_clock(synced: Callable[[], bool] = clock_synced) -> Finding:
    """Check that the system clock has been set."""
    if synced():
        return ok("synchronised")
    return warn("not synchronised, and events say so: sudo timedatectl set-ntp true, or check the network")


def check_temperature(system: Path = Path("/"), throttling: Callable[[Path], int | None] = read_throttling) -> Finding:
    """Check the temperature of the processor and, on a Pi, whether it was throttled or short of voltage.

    Args:
        system: Root of the file system that holds /sys.
        throttling: Returns the bits of the firmware, or None where there are none.
    """
    degrees, bits = temperature(system), throttling(system)
    problems = describe_throttling(bits or 0)
    found = "not reported by this machine" if degrees is None else f"{degrees} °C"
    if problems:
        return warn(f"{found}, {problems}")
    if degrees is not None and degrees >= HOT:
        return warn(f"{found}: a Pi slows down at {HOT:.0f}; improve its airflow, or add a heat sink")
    return ok(found if bits is None else f"{found}, never throttled")


def _device_nodes(config: Config, machine: DeviceFiles) -> list[Path]:
    kind = find_kind(config.camera)
    patterns = CAMERA_NODES if kind and kind.uses_devices else ()
    camera = [node for pattern in patterns for node in sorted(machine.dev.glob(pattern))]
    backends = allowed_backends(config.accelerator)
    return camera + [node for backend in backends for node in backend.find_devices(machine)]


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _group_of(node: Path) -> str:
    try:
        return _group_name(node.stat().st_gid)
    except OSError:
        return "video"


def _group_name(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)
