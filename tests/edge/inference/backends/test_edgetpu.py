from __future__ import annotations

import re
from pathlib import Path

import pytest

from fer_edge.inference.backends.base import AcceleratorError, DeviceFiles
from fer_edge.inference.backends.edgetpu import (
    LIBRARY,
    UDEV_RULES,
    USB_IDS,
    find_edgetpus,
    load_edgetpu,
    missing_device_error,
)
from fer_edge.inference.runtimes import pick_runtime

SYSTEMD = Path(__file__).parents[4] / "systemd"


def plug_in(root: Path, vendor: str, product: str, number: int = 4) -> DeviceFiles:
    """A machine with one USB device, its hub and its interface, of which the latter has no ids."""
    for name, ids in (("usb2", ("1d6b", "0003")), ("2-1", (vendor, product))):
        folder = root / "sys" / "bus" / "usb" / "devices" / name
        folder.mkdir(parents=True)
        for file, text in zip(("idVendor", "idProduct", "busnum", "devnum"), (*ids, "2", str(number)), strict=True):
            (folder / file).write_text(f"{text}\n")
    (root / "sys" / "bus" / "usb" / "devices" / "2-1:1.0").mkdir()
    (root / "dev").mkdir()
    return DeviceFiles(root / "sys", root / "dev")


@pytest.mark.parametrize(("vendor", "product"), sorted(USB_IDS))
def test_a_usb_coral_is_found_before_and_after_its_firmware_is_loaded(
    tmp_path: Path, vendor: str, product: str
) -> None:
    machine = plug_in(tmp_path, vendor, product)
    assert find_edgetpus(machine) == [tmp_path / "dev" / "bus" / "usb" / "002" / "004"]


def test_a_pcie_coral_is_found(tmp_path: Path) -> None:
    machine = plug_in(tmp_path, "046d", "0825")
    assert find_edgetpus(machine) == []
    (tmp_path / "dev" / "apex_0").touch()
    assert find_edgetpus(machine) == [tmp_path / "dev" / "apex_0"]


def test_a_device_that_is_unplugged_while_we_look_is_none(tmp_path: Path) -> None:
    machine = plug_in(tmp_path, "1a6e", "089a")
    (tmp_path / "sys" / "bus" / "usb" / "devices" / "2-1" / "devnum").unlink()
    assert find_edgetpus(machine) == []


def test_without_a_device_the_cure_is_to_plug_it_in(tmp_path: Path) -> None:
    said = str(missing_device_error(LIBRARY, "usb:1", "", plug_in(tmp_path, "046d", "0825")))
    assert said == "Edge TPU: libedgetpu.so.1 finds no device usb:1: plug the Coral in"


def test_without_permission_the_cure_is_the_rule_and_the_group(tmp_path: Path) -> None:
    machine = plug_in(tmp_path, "1a6e", "089a")
    said = str(
        missing_device_error(LIBRARY, "", "", DeviceFiles(machine.sysfs, machine.dev, may_write=lambda node: False))
    )
    assert said.startswith(f"Edge TPU: no permission for {tmp_path}/dev/bus/usb/002/004: ")
    assert UDEV_RULES in said
    assert "plugdev" in said


def test_the_permission_is_that_of_the_node(tmp_path: Path) -> None:
    machine = plug_in(tmp_path, "18d1", "9302")
    node = tmp_path / "dev" / "bus" / "usb" / "002" / "004"
    assert "no permission" in str(missing_device_error(LIBRARY, "", "", machine))  # there is no node at all
    node.parent.mkdir(parents=True)
    node.touch()
    said = str(missing_device_error(LIBRARY, "", "device busy", machine))
    assert said == f"Edge TPU: {LIBRARY} finds no device (device busy), though {node} exists: " + (
        "stop the other program that uses it, or unplug it and plug it in again"
    )


def test_a_library_that_is_missing_is_told_from_a_device_that_is(
    edgetpu: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = pick_runtime()
    monkeypatch.setenv("FAKE_EDGETPU", "error")
    with pytest.raises(AcceleratorError, match=r"finds no device \(firmware too old\)"):
        load_edgetpu(runtime)
    monkeypatch.setenv("FER_EDGE_EDGETPU_LIBRARY", "libnothere.so.1")
    with pytest.raises(AcceleratorError, match=r"libnothere\.so\.1 cannot be loaded .* built for "):
        load_edgetpu(runtime)


def test_the_udev_rule_gives_each_device_to_a_group_of_the_service() -> None:
    rules = [line for line in (SYSTEMD / UDEV_RULES).read_text().splitlines() if line and not line.startswith("#")]
    found = {tuple(re.findall(r'ATTR\{id(?:Vendor|Product)\}=="(\w{4})"', line)) for line in rules}
    assert found == USB_IDS | {()}
    assert any('SUBSYSTEM=="apex"' in line for line in rules)
    groups = {match for line in rules for match in re.findall(r'GROUP="(\w+)"', line)}
    unit = (SYSTEMD / "fer-edge.service").read_text()
    supplementary = re.search(r"^SupplementaryGroups=(.*)$", unit, re.MULTILINE)
    assert supplementary
    assert groups <= set(supplementary[1].split())
    assert all('MODE="0660"' in line for line in rules)


@pytest.mark.parametrize("kind", ["char-usb_device", "char-apex"])
def test_the_service_may_open_the_devices(kind: str) -> None:
    assert f"DeviceAllow={kind} rw\n" in (SYSTEMD / "fer-edge.service").read_text()
