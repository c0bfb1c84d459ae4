"""The child process in which a model is tried, with the stand-in for libedgetpu."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.models import endless_graph
from tests.support.waiting import wait_until

from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_edge.config.model import MODELS
from fer_edge.inference.backends.base import AcceleratorError
from fer_edge.inference.model_file import ModelError, ModelFile, write_model
from fer_edge.inference.probe import ProbeCrashError, ProbeTimeoutError, UnexpectedProbeError, probe

NANO = MODELS / "nano.tflite"


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A model whose invoke never returns."""
    write_model(tmp_path / "endless.tflite", endless_graph(), FER2013_CLASSES, {})
    return tmp_path / "endless.tflite"


def test_a_model_that_runs_passes_without_any_output(runtime: str, capfd: pytest.CaptureFixture[str]) -> None:
    probe(NANO, "cpu", runtime, threads=2)
    assert capfd.readouterr() == ("", "")


def test_a_model_without_labels_passes_too(runtime: str) -> None:
    probe(MODELS / "face_network.tflite", "cpu", runtime)


def test_the_model_is_invoked_once_on_the_given_device(edgetpu: Path, compiled: ModelFile, runtime: str) -> None:
    probe(compiled.path, "edgetpu:usb:0", runtime)
    assert sorted(edgetpu.read_text().splitlines()) == ["create ", "destroy ", "device usb:0", "invoke "]


@pytest.mark.parametrize(
    ("mode", "kind", "message"),
    [
        ("no device", AcceleratorError, "^Edge TPU: .* finds no device"),
        ("invoke fails", AcceleratorError, "the first inference failed on edgetpu .*: USB transfer error"),
        ("abort", ProbeCrashError, "^SIGABRT"),
        ("segfault at load", ProbeCrashError, "^SIGSEGV"),
        ("hang", ProbeTimeoutError, "^no answer within 3 s$"),
    ],
)
@pytest.mark.usefixtures("edgetpu")
def test_each_way_to_fail_has_its_own_error(
    compiled: ModelFile, runtime: str, monkeypatch: pytest.MonkeyPatch, mode: str, kind: type[Exception], message: str
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU", mode)
    with pytest.raises(kind, match=message):
        probe(compiled.path, "edgetpu", runtime, timeout=3 if mode == "hang" else 60)


@pytest.mark.usefixtures("edgetpu")
def test_an_error_arrives_with_its_setting_and_its_cure(
    compiled: ModelFile, fake_library: Path, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU", "error")
    with pytest.raises(AcceleratorError) as raised:
        probe(compiled.path, f"delegate:{fake_library}", runtime)
    error = raised.value
    assert error.message == f"delegate:{fake_library}: cannot be created (firmware too old)"
    assert (error.setting, error.cure) == ("model.accelerator", "check its device and its options")


def test_a_model_that_cannot_be_read_is_a_model_error(tmp_path: Path, runtime: str) -> None:
    with pytest.raises(ModelError, match=r"nosuch\.tflite: No such file") as raised:
        probe(tmp_path / "nosuch.tflite", "cpu", runtime)
    assert raised.value.setting == "model.file"


def test_a_child_that_ends_without_an_answer_is_reported_with_its_last_line() -> None:
    with pytest.raises(UnexpectedProbeError, match=r"^exit 1: .*UsageError: runtime any is not available"):
        probe(NANO, "cpu", "any")


def test_a_python_exception_in_the_child_is_no_crash(runtime: str) -> None:
    with pytest.raises(UnexpectedProbeError, match=r"^exit 1: AttributeError: "):
        probe(NANO, None, runtime)  # type: ignore[arg-type]


def test_the_output_of_a_library_is_not_mistaken_for_the_answer(
    edgetpu: Path, compiled: ModelFile, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU_LOG", "/dev/stdout")
    probe(compiled.path, "edgetpu", runtime)
    monkeypatch.setenv("FAKE_EDGETPU", "invoke fails")
    with pytest.raises(AcceleratorError, match="USB transfer error"):
        probe(compiled.path, "edgetpu", runtime)


def test_an_endless_invoke_is_ended_after_the_timeout(endless: Path, runtime: str) -> None:
    with pytest.raises(ProbeTimeoutError):
        probe(endless, "cpu", runtime, timeout=3)


def test_a_child_ends_after_the_timeout_even_after_its_parent_has_died(endless: Path) -> None:
    request = json.dumps([str(endless), "cpu", "ai-edge-litert", 1, 3])
    command = [sys.executable, "-m", "fer_edge.inference.probe", request]
    program = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen({command!r}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(child.pid, flush=True)\n"
        "os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    orphan = int(done.stdout)
    assert is_running(orphan)
    wait_until(lambda: not is_running(orphan), 30)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
