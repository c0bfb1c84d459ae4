"""A description of the machine that a figure was measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fer_edge.inference.runtimes import available_runtimes, describe_runtime

DEVICE_TREE = "proc/device-tree/model"  # name of the board, e.g. a Raspberry Pi
CPUINFO = "proc/cpuinfo"
GOVERNOR = "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"


def describe_machine(root: Path = Path("/")) -> dict[str, Any]:
    """This machine as JSON values by name, None for what is unknown; `root` is where /proc and /sys are.

    `load` is the average number of running processes in the last minute.
    """
    return {
        "board": _read(root / DEVICE_TREE),
        "cpu": _cpu(_read(root / CPUINFO) or ""),
        "cores": len(os.sched_getaffinity(0)),
        "architecture": platform.machine(),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "runtimes": [describe_runtime(runtime) for runtime in available_runtimes()],
        "governor": _read(root / GOVERNOR),
        "load": round(os.getloadavg()[0], 2),
    }


def machine_summary(machine: Mapping[str, Any]) -> str:
    """The description in one line, without what is unknown."""
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
    """The name of the processor; an Arm kernel gives none, but the board may be known."""
    names = (line.partition(":")[2].strip() for line in cpuinfo.splitlines() if line.startswith("model name"))
    return next(names, None)
