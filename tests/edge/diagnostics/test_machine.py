"""--check: device nodes, clock, temperature and power supply."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_edge.config.model import Config
from fer_edge.diagnostics.machine import check_clock, check_permissions, check_temperature
from fer_edge.inference.backends.base import DeviceFiles

NODES = ("video0", "media1", "dma_heap/system", "apex_0")


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    """A folder like /dev, with a camera and an Edge TPU."""
    (tmp_path / "dma_heap").mkdir()
    for name in NODES:
        (tmp_path / name).touch()
    return tmp_path


def test_a_refused_device_node_fails_with_the_command_that_helps(dev: Path) -> None:
    refusing = DeviceFiles(dev, dev, may_write=lambda node: node.name != "video0")
    finding = check_permissions(Config(camera="0", broker=None), refusing)
    assert finding.level == "FAIL"
    assert finding.text.startswith(f"no permission for {dev}/video0: sudo usermod -aG ")


def test_usable_device_nodes_are_listed(dev: Path) -> None:
    finding = check_permissions(Config(camera="0", broker=None), DeviceFiles(dev, dev, may_write=lambda node: True))
    assert finding.level == "ok"
    assert all(name in finding.text for name in NODES)


def test_only_the_devices_that_the_configuration_uses_are_checked(dev: Path) -> None:
    no_edgetpu = DeviceFiles(dev, dev, may_write=lambda node: node.name != "apex_0")
    assert check_permissions(Config(camera="0", broker=None), no_edgetpu).level == "FAIL"
    assert check_permissions(Config(camera="0", broker=None, accelerator="cpu"), no_edgetpu).level == "ok"
    nothing = DeviceFiles(dev, dev, may_write=lambda node: False)
    finding = check_permissions(Config(camera="clip.mp4", broker=None, accelerator="cpu"), nothing)
    assert finding.level == "ok"
    assert finding.text.endswith("no device nodes to check")


def test_a_clock_that_was_never_set_is_a_warning() -> None:
    assert check_clock(lambda: True).level == "ok"
    assert check_clock(lambda: False).level == "warn"
    assert "timedatectl" in check_clock(lambda: False).text


@pytest.mark.parametrize(
    ("degrees", "bits", "level", "text"),
    [
        (None, None, "ok", "not reported by this machine"),
        (52000, None, "ok", "52.0 °C"),
        (52000, 0, "ok", "52.0 °C, never throttled"),
        (83000, None, "warn", "83.0 °C: a Pi slows down at 80"),
        (52000, 0x50005, "warn", "52.0 °C, now slowed down: "),
        (52000, 0x10000, "warn", "52.0 °C, since boot too little voltage: use the Pi's own power supply"),
    ],
)
def test_heat_and_a_weak_power_supply_are_warnings(
    tmp_path: Path, degrees: int | None, bits: int | None, level: str, text: str
) -> None:
    if degrees is not None:
        zone = tmp_path / "sys/class/thermal/thermal_zone0"
        zone.mkdir(parents=True)
        (zone / "temp").write_text(f"{degrees}\n")
    finding = check_temperature(tmp_path, lambda system: bits)
    assert finding.level == level
    assert finding.text.startswith(text)
