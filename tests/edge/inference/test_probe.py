from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import wait_until
from tests.support.models import endless_graph

from fer_data.readers import FER2013_CLASSES
from fer_edge.config.model import MODELS
from fer_edge.inference.backends.edgetpu import AcceleratorError
from fer_edge.inference.model_file import ModelError, ModelFile, write_model
from fer_edge.inference.probe import ProbeDiedError, ProbeHungError, probe

NANO = MODELS / "nano.tflite"


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    write_model(tmp_path / "endless.tflite", endless_graph(), FER2013_CLASSES, {})
    return tmp_path / "endless.tflite"


def test_a_model_that_runs_passes_in_silence(runtime: str, capfd: pytest.CaptureFixture[str]) -> None:
    probe(NANO, runtime, threads=2)
    assert capfd.readouterr() == ("", "")


def test_the_model_is_invoked_once_on_the_device_asked_for(edgetpu: Path, compiled: ModelFile, runtime: str) -> None:
    probe(compiled.path, runtime, device="usb:0")
    assert sorted(edgetpu.read_text().splitlines()) == ["create ", "destroy ", "device usb:0", "invoke "]


@pytest.mark.parametrize(
    ("mode", "kind", "message"),
    [
        ("no device", AcceleratorError, "Edge TPU: .* finds no device"),
        ("invoke fails", AcceleratorError, "the first invoke fails on edgetpu .*: USB transfer error"),
        ("abort", ProbeDiedError, "^SIGABRT"),
        ("segfault at load", ProbeDiedError, "^SIGSEGV"),
        ("hang", ProbeHungError, "^no answer within 3 s$"),
    ],
)
@pytest.mark.usefixtures("edgetpu")
def test_each_end_of_the_child_is_told_apart(
    compiled: ModelFile, runtime: str, monkeypatch: pytest.MonkeyPatch, mode: str, kind: type[Exception], message: str
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU", mode)
    with pytest.raises(kind, match=message):
        probe(compiled.path, runtime, timeout=3 if mode == "hang" else 60)


def test_a_model_that_cannot_be_read_is_a_model_error(tmp_path: Path, runtime: str) -> None:
    with pytest.raises(ModelError, match=r"nosuch\.tflite: No such file"):
        probe(tmp_path / "nosuch.tflite", runtime)


def test_a_child_that_fails_in_another_way_is_told_with_its_last_words() -> None:
    with pytest.raises(ProbeDiedError, match=r"^exit 1: .*runtime any: not here"):
        probe(NANO, "any")


def test_what_a_library_prints_is_not_taken_for_the_answer(
    edgetpu: Path, compiled: ModelFile, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU_LOG", "/dev/stdout")
    probe(compiled.path, runtime)
    monkeypatch.setenv("FAKE_EDGETPU", "invoke fails")
    with pytest.raises(AcceleratorError, match="USB transfer error"):
        probe(compiled.path, runtime)


def test_a_model_of_one_endless_loop_is_ended(endless: Path, runtime: str) -> None:
    with pytest.raises(ProbeHungError):
        probe(endless, runtime, timeout=3)


def test_a_child_whose_parent_has_gone_ends_all_the_same(endless: Path) -> None:
    arguments = [
        sys.executable,
        "-m",
        "fer_edge.inference.probe",
        json.dumps([str(endless), "ai-edge-litert", 1, "", 3]),
    ]
    program = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen({arguments!r}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(child.pid, flush=True)\n"
        "os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    orphan = int(done.stdout)
    assert alive(orphan)
    wait_until(lambda: not alive(orphan), 30)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
