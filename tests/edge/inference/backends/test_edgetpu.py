"""The Edge TPU: its library played by a stand-in, its device nodes by folders."""

from __future__ import annotations

import re
import shutil
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from tests.support.models import write_compiled

from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_edge.config.accelerator import LIBRARY_VARIABLE
from fer_edge.config.model import MODELS
from fer_edge.inference.backends.base import AcceleratorError, DeviceFiles
from fer_edge.inference.backends.edgetpu import (
    LIBRARY,
    UDEV_RULES,
    USB_IDS,
    EdgeTpuBackend,
    find_edgetpus,
    library_name,
    missing_device_error,
)
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.model_file import ModelError, ModelFile, read_model

SYSTEMD = Path(__file__).parents[4] / "systemd"
EDGETPU = EdgeTpuBackend()


@pytest.fixture
def plain(tmp_path: Path) -> ModelFile:
    """A model for the CPU; the fixture `compiled` puts the one for the Edge TPU beside it."""
    return read_model(Path(shutil.copy(MODELS / "nano.tflite", tmp_path / "fake.tflite")))


def test_a_compiled_model_runs_on_the_delegate(edgetpu: Path, compiled: ModelFile, runtime: str) -> None:
    engine = EDGETPU.open(compiled, runtime, 1)
    assert engine.runs_on == f"edgetpu ({runtime} {version(runtime)})"
    faces = np.full((3, 48, 48), [[[2]], [[13]], [[0]]], np.uint8)
    assert EmotionClassifier(compiled, engine).classify(faces).argmax(axis=1).tolist() == [2, 6, 0]
    assert edgetpu.read_text().split() == ["create", *["invoke"] * 3]


@pytest.mark.parametrize("device", ["usb:0", "pci:1"])
def test_the_device_is_passed_to_the_delegate(edgetpu: Path, compiled: ModelFile, runtime: str, device: str) -> None:
    assert EDGETPU.configure(device).open(compiled, runtime, 1).runs_on.startswith(f"edgetpu {device} (")
    assert f"device {device}" in edgetpu.read_text()


@pytest.mark.usefixtures("edgetpu")
def test_a_delegate_that_does_not_claim_the_operator_is_an_accelerator_error(
    compiled: ModelFile, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU", "prepare fails")
    with pytest.raises(AcceleratorError, match=r"does not take .*fake_edgetpu\.tflite"):
        EDGETPU.open(compiled, runtime, 1)


@pytest.mark.usefixtures("edgetpu")
def test_a_compiled_model_that_is_damaged_is_a_model_error(runtime: str) -> None:
    damaged = ModelFile(Path("m.tflite"), b"\x1c\0\0\0TFL3" + b"\0" * 500, ("a", "b"), {})
    with pytest.raises(ModelError, match=r"m\.tflite"):
        EDGETPU.open(damaged, runtime, 1)


@pytest.mark.usefixtures("edgetpu")
def test_an_invoke_that_fails_is_an_accelerator_error(
    compiled: ModelFile, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = EmotionClassifier(compiled, EDGETPU.open(compiled, runtime, 1))
    monkeypatch.setenv("FAKE_EDGETPU", "invoke fails")
    with pytest.raises(AcceleratorError, match=r"inference failed: .*USB transfer error"):
        classifier.classify(np.zeros((1, 48, 48), np.uint8))


@pytest.mark.usefixtures("edgetpu")
def test_a_missing_library_and_a_missing_device_are_different_errors(
    compiled: ModelFile, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU", "error")
    with pytest.raises(AcceleratorError, match=r"finds no device \(firmware too old\)"):
        EDGETPU.open(compiled, runtime, 1)
    monkeypatch.setenv(LIBRARY_VARIABLE, "libnothere.so.1")
    with pytest.raises(AcceleratorError, match=r"libnothere\.so\.1 cannot be loaded") as raised:
        EDGETPU.open(compiled, runtime, 1)
    assert raised.value.cure == f"install a libedgetpu1-std built for {runtime} {version(runtime)}"


def test_the_library_is_the_usual_one_unless_the_environment_names_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LIBRARY_VARIABLE, raising=False)
    assert library_name() == "libedgetpu.so.1"
    monkeypatch.setenv(LIBRARY_VARIABLE, "/opt/other.so")
    assert library_name() == "/opt/other.so"


# The model file


def test_a_compiled_model_is_used_itself_or_from_beside_the_plain_one(plain: ModelFile, compiled: ModelFile) -> None:
    assert EDGETPU.find_model(compiled) is compiled
    assert EDGETPU.find_model(plain) == compiled


def test_without_a_compiled_model_the_error_says_how_to_make_one(plain: ModelFile) -> None:
    with pytest.raises(
        ModelError, match=r"fake\.tflite: not compiled .* and no fake_edgetpu\.tflite beside it"
    ) as raised:
        EDGETPU.find_model(plain)
    assert raised.value.cure == f"run fer-convert compile {plain.path}"


def test_a_file_beside_it_that_is_not_compiled_or_has_other_labels_is_refused(plain: ModelFile) -> None:
    beside = plain.path.with_name("fake_edgetpu.tflite")
    shutil.copy(plain.path, beside)
    with pytest.raises(ModelError, match=r"fake_edgetpu\.tflite: not compiled"):
        EDGETPU.find_model(plain)
    write_compiled(beside, tuple(reversed(FER2013_CLASSES)))
    with pytest.raises(ModelError, match=r"fake_edgetpu\.tflite: its labels are not those of "):
        EDGETPU.find_model(plain)


def test_auto_tries_it_when_a_device_or_a_compiled_model_is_there(plain: ModelFile, tmp_path: Path) -> None:
    files = DeviceFiles(tmp_path / "sys", tmp_path / "dev")
    assert not EDGETPU.is_candidate(plain, files)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "apex_0").touch()
    assert EDGETPU.is_candidate(plain, files)
    (tmp_path / "dev" / "apex_0").unlink()
    compiled = write_compiled(tmp_path / "fake_edgetpu.tflite")
    assert EDGETPU.is_candidate(plain, files)
    assert EDGETPU.is_candidate(compiled, files)


# The devices


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
    files = plug_in(tmp_path, vendor, product)
    assert find_edgetpus(files) == [tmp_path / "dev" / "bus" / "usb" / "002" / "004"]
    assert EDGETPU.find_devices(files) == find_edgetpus(files)


def test_a_pcie_coral_is_found(tmp_path: Path) -> None:
    files = plug_in(tmp_path, "046d", "0825")
    assert find_edgetpus(files) == []
    (tmp_path / "dev" / "apex_0").touch()
    assert find_edgetpus(files) == [tmp_path / "dev" / "apex_0"]


def test_a_device_that_is_unplugged_during_the_search_is_skipped(tmp_path: Path) -> None:
    files = plug_in(tmp_path, "1a6e", "089a")
    (tmp_path / "sys" / "bus" / "usb" / "devices" / "2-1" / "devnum").unlink()
    assert find_edgetpus(files) == []


def test_without_a_device_the_cure_is_to_plug_it_in(tmp_path: Path) -> None:
    error = missing_device_error(LIBRARY, "usb:1", "", plug_in(tmp_path, "046d", "0825"))
    assert str(error) == "Edge TPU: libedgetpu.so.1 finds no device usb:1: plug the Coral in"


def test_without_permission_the_cure_is_the_udev_rule_and_the_group(tmp_path: Path) -> None:
    files = plug_in(tmp_path, "1a6e", "089a")
    error = missing_device_error(LIBRARY, "", "", DeviceFiles(files.sysfs, files.dev, may_write=lambda node: False))
    assert error.message == f"Edge TPU: no permission for {tmp_path}/dev/bus/usb/002/004"
    assert error.cure
    assert UDEV_RULES in error.cure
    assert "plugdev" in error.cure


def test_the_permission_is_that_of_the_device_node(tmp_path: Path) -> None:
    files = plug_in(tmp_path, "18d1", "9302")
    node = tmp_path / "dev" / "bus" / "usb" / "002" / "004"
    assert "no permission" in str(missing_device_error(LIBRARY, "", "", files))  # the node does not exist
    node.parent.mkdir(parents=True)
    node.touch()
    error = missing_device_error(LIBRARY, "", "device busy", files)
    assert error.message == f"Edge TPU: {LIBRARY} finds no device (device busy), though {node} exists"
    assert error.cure == "stop the other program that uses it, or unplug it and plug it in again"


# The service


def test_the_udev_rule_gives_each_device_to_a_group_of_the_service() -> None:
    rules = [line for line in (SYSTEMD / UDEV_RULES).read_text().splitlines() if line and not line.startswith("#")]
    ids = {tuple(re.findall(r'ATTR\{id(?:Vendor|Product)\}=="(\w{4})"', line)) for line in rules}
    assert ids == USB_IDS | {()}
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
