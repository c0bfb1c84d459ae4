"""Whether a Raspberry Pi slows itself down, and why, as its firmware tells."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SYSFS = "sys/devices/platform/soc*/soc*firmware/get_throttled"
PATIENCE = 5  # seconds
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
            [command, "get_throttled"], capture_output=True, text=True, timeout=PATIENCE, check=True
        )
        return int(done.stdout.strip().removeprefix("throttled="), 16)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def throttling_words(bits: int) -> str:
    """What the bits tell, and what helps; empty when there is nothing to tell."""
    now = {cure for bit, cure in CURES.items() if bits & bit}
    past = {cure for bit, cure in CURES.items() if bits & bit << SINCE_BOOT} - now
    return "; ".join([f"now {cure}" for cure in sorted(now)] + [f"since boot {cure}" for cure in sorted(past)])
