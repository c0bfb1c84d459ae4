"""What the operating system and the firmware report: temperature, memory, throttling."""

from __future__ import annotations

import ctypes
import gc
import os
import shutil
import subprocess
from pathlib import Path

MEGABYTE = 1_000_000
HOT = 80.0  # degrees Celsius from which a Pi slows down

THROTTLING_FILES = "sys/devices/platform/soc*/soc*firmware/get_throttled"
VCGENCMD_TIMEOUT = 5.0  # seconds
# Bits of the firmware's answer; those SINCE_BOOT higher are set if it has been so since boot.
# https://www.raspberrypi.com/documentation/computers/os.html#get_throttled
UNDER_VOLTAGE, FREQUENCY_CAPPED, THROTTLED, SOFT_TEMPERATURE_LIMIT = 1, 2, 4, 8
SINCE_BOOT = 16
COOLING = "slowed down: give it air, or a heat sink"
THROTTLING_CURES = {
    UNDER_VOLTAGE: "too little voltage: use the Pi's own power supply, and a short cable",
    FREQUENCY_CAPPED: COOLING,
    THROTTLED: COOLING,
    SOFT_TEMPERATURE_LIMIT: COOLING,
}


def temperature(system: Path = Path("/")) -> float | None:
    """Temperature of the processor in degrees Celsius; None where it is not known."""
    try:
        return round(int((system / "sys/class/thermal/thermal_zone0/temp").read_text()) / 1000, 1)
    except (OSError, ValueError):
        return None


def resident_memory(system: Path = Path("/")) -> float | None:
    """Memory that this process holds, in megabytes; None where it is not known."""
    try:
        pages = int((system / "proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE, 1)


def available_memory(system: Path = Path("/")) -> float | None:
    """Memory that the kernel could hand out, in megabytes (MemAvailable in proc_meminfo(5)); None if not known."""
    try:
        lines = (system / "proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, IndexError, StopIteration):
        return None


def release_memory() -> None:
    """Return the free part of the heap, which the C library would keep, to the system: malloc_trim(3)."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
    if trim:
        trim(0)


def read_throttling(system: Path = Path("/")) -> int | None:
    """The firmware's throttling bits, from sysfs or from vcgencmd; None where they are not known."""
    try:
        files = sorted(system.glob(THROTTLING_FILES))
    except OSError:  # no file descriptor is left, for example
        return None
    for file in files:
        try:
            return int(file.read_text(), 16)
        except (OSError, ValueError):
            continue
    command = shutil.which("vcgencmd", path=str(system / "usr" / "bin"))
    return _run_vcgencmd(command) if command else None


def describe_throttling(bits: int) -> str:
    """What is wrong now, what was wrong since boot, and how to fix it; empty when nothing is wrong."""
    now = {cure for bit, cure in THROTTLING_CURES.items() if bits & bit}
    past = {cure for bit, cure in THROTTLING_CURES.items() if bits & bit << SINCE_BOOT} - now
    return "; ".join([f"now {cure}" for cure in sorted(now)] + [f"since boot {cure}" for cure in sorted(past)])


def _run_vcgencmd(command: str) -> int | None:
    try:
        done = subprocess.run(  # noqa: S603 - the firmware's own tool, by its full path
            [command, "get_throttled"], capture_output=True, text=True, timeout=VCGENCMD_TIMEOUT, check=True
        )
        return int(done.stdout.strip().removeprefix("throttled="), 16)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
