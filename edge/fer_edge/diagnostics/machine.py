"""Whether the machine is fit for a run: device nodes, clock, temperature and power."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Callable
from pathlib import Path

from fer_edge.config.model import CPU, Config
from fer_edge.diagnostics.finding import Finding, fail, ok, warn
from fer_edge.events import clock_synced
from fer_edge.inference.backends.edgetpu import DeviceFiles, find_edgetpus
from fer_edge.monitoring.system import HOT, describe_throttling, read_throttling, temperature

CAMERA_NODES = ("video[0-9]*", "media[0-9]*", "dma_heap/*")  # of V4L2 and libcamera, under /dev


def check_permissions(config: Config, machine: DeviceFiles | None = None) -> Finding:
    """Whether this user may write to the device nodes of the camera and of the Edge TPU that are there."""
    machine = machine or DeviceFiles()
    nodes = _nodes(config, machine)
    refused = [node for node in nodes if not machine.may_write(node)]
    user = _user()
    if refused:
        group = _group(refused[0])
        return fail(
            f"no permission for {' '.join(map(str, refused))}: sudo usermod -aG {group} {user}, and log in again"
        )
    groups = " ".join(sorted(_name(number) for number in {*os.getgroups(), os.getegid()}))
    return ok(f"{user} ({groups}) may use {' '.join(map(str, nodes)) or 'what is there: no camera and no Edge TPU'}")


def _nodes(config: Config, machine: DeviceFiles) -> list[Path]:
    live = config.camera.isdecimal() or config.camera.startswith(("/dev/", "/base/"))
    camera = [node for pattern in CAMERA_NODES for node in sorted(machine.dev.glob(pattern))] if live else []
    return camera + (find_edgetpus(machine) if config.accelerator != CPU else [])


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _group(node: Path) -> str:
    try:
        return _name(node.stat().st_gid)
    except OSError:
        return "video"


def _name(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)


def check_clock(synced: Callable[[], bool] = clock_synced) -> Finding:
    """Whether the system clock has been set."""
    if synced():
        return ok("synchronised")
    return warn("not synchronised, and events will say so: sudo timedatectl set-ntp true, or look at the network")


def check_temperature(system: Path = Path("/"), throttling: Callable[[Path], int | None] = read_throttling) -> Finding:
    """Whether the processor is hot, and on a Pi whether it has been slowed down or has had too little voltage."""
    degrees, told = temperature(system), throttling(system)
    words = describe_throttling(told or 0)
    found = "not told by this machine" if degrees is None else f"{degrees} °C"
    if words:
        return warn(f"{found}, {words}")
    if degrees is not None and degrees >= HOT:
        return warn(f"{found}: a Pi slows down at {HOT:.0f}; give it air, or a heat sink")
    return ok(found if told is None else f"{found}, never throttled")
