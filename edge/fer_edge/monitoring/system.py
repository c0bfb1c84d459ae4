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


def temperature(system: Path = Path("/")) -> float | None:
    """Of the processor in degrees Celsius, or None where it is not told."""
    try:
        return round(int((system / "sys/class/thermal/thermal_zone0/temp").read_text()) / 1000, 1)
    except (OSError, ValueError):
        return None


def resident_memory(system: Path = Path("/")) -> float | None:
    """The memory that this process holds, in megabytes, or None where it is not told."""
    try:
        pages = int((system / "proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE, 1)


def available_memory(system: Path = Path("/")) -> float | None:
    """Megabytes that the kernel could give to who asks (MemAvailable in proc_meminfo(5)); None where it is not told."""
    try:
        lines = (system / "proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, IndexError, StopIteration):
        return None


def release_memory() -> None:
    """Give the system what is free in our heap, which the C library would keep: malloc_trim(3)."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
    if trim:
        trim(0)


SYSFS = "sys/devices/platform/soc*/soc*firmware/get_throttled"
TIMEOUT = 5  # seconds
# Bits of the firmware's answer; 16 higher each tells that it has been so since boot.
# https://www.raspberrypi.com/documentation/computers/os.html#get_throttled
VOLTAGE, CAPPED, THROTTLED, WARM = 1, 2, 4, 8
SINCE_BOOT = 16
CURES = {
    VOLTAGE: "too little voltage: use the Pi's own power supply, and a short cable",
    CAPPED: "slowed down: give it air, or a heat sink",
    THROTTLED: "slowed down: give it air, or a heat sink",
    WARM: "slowed down: give it air, or a heat sink",
}


def read_throttling(system: Path = Path("/")) -> int | None:
    """The firmware's bits, of sysfs or else of vcgencmd; None where nobody tells, as on any other machine."""
    for file in sorted(system.glob(SYSFS)):
        try:
            return int(file.read_text(), 16)
        except (OSError, ValueError):
            continue
    command = shutil.which("vcgencmd", path=str(system / "usr" / "bin"))
    return _ask(command) if command else None


def _ask(command: str) -> int | None:
    try:
        done = subprocess.run(  # noqa: S603  the firmware's own tool, by its full path
            [command, "get_throttled"], capture_output=True, text=True, timeout=TIMEOUT, check=True
        )
        return int(done.stdout.strip().removeprefix("throttled="), 16)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def throttling_words(bits: int) -> str:
    """What the bits tell, and what helps; empty when there is nothing to tell."""
    now = {cure for bit, cure in CURES.items() if bits & bit}
    past = {cure for bit, cure in CURES.items() if bits & bit << SINCE_BOOT} - now
    return "; ".join([f"now {cure}" for cure in sorted(now)] + [f"since boot {cure}" for cure in sorted(past)])
