"""What is read from the operating system and from the firmware of a Pi."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from fer_edge.monitoring.system import (
    available_memory,
    describe_throttling,
    read_throttling,
    release_memory,
    resident_memory,
    temperature,
)


def test_a_machine_without_sensors_has_no_temperature(tmp_path: Path) -> None:
    assert temperature(tmp_path) is None
    sensor = tmp_path / "sys/class/thermal/thermal_zone0/temp"
    sensor.parent.mkdir(parents=True)
    sensor.write_text("48312\n")
    assert temperature(tmp_path) == 48.3
    sensor.write_text("hot\n")
    assert temperature(tmp_path) is None


def test_resident_memory_is_that_of_this_process(tmp_path: Path) -> None:
    assert 10 < (resident_memory() or 0) < 5000
    assert resident_memory(tmp_path) is None


def test_available_memory_is_read_from_the_kernel(tmp_path: Path) -> None:
    here = available_memory()
    assert here is not None
    assert 10 < here < 10_000_000
    assert available_memory(tmp_path) is None
    (tmp_path / "proc").mkdir()
    for text, available in (("MemTotal: 1 kB\nMemAvailable:   51200 kB\n", 51.2), ("MemAvailable:", None), ("x", None)):
        (tmp_path / "proc/meminfo").write_text(text)
        assert available_memory(tmp_path) == available


def test_releasing_memory_takes_nothing_that_is_in_use() -> None:
    block = bytearray(b"x" * 10_000_000)
    release_memory()
    assert block.count(b"x") == 10_000_000


def test_throttling_is_read_from_sysfs_or_by_vcgencmd(tmp_path: Path) -> None:
    assert read_throttling(tmp_path) is None
    tool = tmp_path / "usr" / "bin" / "vcgencmd"
    tool.parent.mkdir(parents=True)
    tool.write_text('#!/bin/sh\n[ "$1" = get_throttled ] && echo throttled=0x50000\n')
    tool.chmod(0o755)
    assert read_throttling(tmp_path) == 0x50000
    tool.write_text("#!/bin/sh\necho VCHI initialization failed; exit 255\n")
    assert read_throttling(tmp_path) is None
    node = tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled"
    node.parent.mkdir(parents=True)
    node.write_text("50005\n")
    assert read_throttling(tmp_path) == 0x50005


def test_a_machine_that_was_never_throttled_has_nothing_to_report() -> None:
    assert describe_throttling(0) == ""
    assert describe_throttling(0x40000) == "since boot slowed down: give it air, or a heat sink"


def test_without_a_file_descriptor_left_the_state_of_the_machine_is_not_known() -> None:
    lines = [
        "import resource",
        "from fer_edge.monitoring import system",
        "resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))",
        "system.release_memory()",
        "print(system.temperature(), system.resident_memory(), system.available_memory(), system.read_throttling())",
    ]
    script = [sys.executable, "-c", "\n".join(lines)]
    done = subprocess.run(script, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("None None None None\n", "")
