"""What a figure was measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fer_edge.inference.runtimes import available_runtimes, describe_runtime

DEVICE_TREE = Path("/proc/device-tree/model")  # the name of a board, e.g. of a Raspberry Pi
CPUINFO = Path("/proc/cpuinfo")
GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def describe_machine() -> dict[str, Any]:
    """This machine as JSON values by name; None for what it does not tell. load: of the last minute, in processes."""
    return {
        "board": _read(DEVICE_TREE),
        "cpu": _cpu(_read(CPUINFO) or ""),
        "cores": len(os.sched_getaffinity(0)),
        "architecture": platform.machine(),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "runtimes": [describe_runtime(runtime) for runtime in available_runtimes()],
        "governor": _read(GOVERNOR),
        "load": round(os.getloadavg()[0], 2),
    }


def in_a_line(machine: Mapping[str, Any]) -> str:
    """The description for a person; what is not known is left out."""
    parts = [
        machine["board"] or machine["cpu"],
        f"{machine['cores']} cores",
        f"{machine['kernel']} {machine['architecture']}",
        f"Python {machine['python']}",
        machine["governor"] and f"governor {machine['governor']}",
        f"load {machine['load']}",
    ]
    return ", ".join(part for part in parts if part)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip("\0\n ")
    except OSError:
        return None


def _cpu(cpuinfo: str) -> str | None:
    """The name of the processor; an Arm kernel gives none, but a board may be known."""
    names = (line.partition(":")[2].strip() for line in cpuinfo.splitlines() if line.startswith("model name"))
    return next(names, None)
