"""Any TFLite external delegate, played by the stand-in for libedgetpu."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from fer_edge.config.model import MODELS
from fer_edge.inference.backends import parse_backend
from fer_edge.inference.backends.base import AcceleratorError, DeviceFiles
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.model_file import ModelError, ModelFile, read_model
from fer_edge.inference.selection import Platform, select_engine

MODEL = read_model(MODELS / "nano.tflite")
FACES = np.full((3, 48, 48), [[[2]], [[13]], [[0]]], np.uint8)


@pytest.fixture
def log(edgetpu: Path) -> Path:
    """The calls that the delegate gets."""
    return edgetpu


def test_it_runs_the_operators_that_it_claims(
    log: Path, fake_library: Path, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU_CLAIMS", "all")
    engine = parse_backend(f"delegate:{fake_library}").open(MODEL, runtime, 1)
    assert engine.runs_on == f"delegate libedgetpu.so.1 ({runtime} {version(runtime)})"
    assert EmotionClassifier(MODEL, engine).classify(FACES).argmax(axis=1).tolist() == [2, 6, 0]
    assert log.read_text().split() == ["create", *["invoke"] * 3]


def test_operators_that_it_does_not_claim_run_on_the_cpu(log: Path, fake_library: Path, runtime: str) -> None:
    engine = parse_backend(f"delegate:{fake_library}").open(MODEL, runtime, 1)
    cpu = parse_backend("cpu").open(MODEL, runtime, 1)
    answers = [EmotionClassifier(MODEL, each).classify(FACES) for each in (engine, cpu)]
    assert np.allclose(*answers, atol=0.05)  # ai-edge-litert leaves XNNPACK out when it has a delegate
    assert log.read_text().split() == ["create"]


def test_its_options_are_passed_to_the_library(log: Path, fake_library: Path, runtime: str) -> None:
    spec = f"delegate:{fake_library}?precision=fp16&cache=/tmp/a=b"
    parse_backend(spec).open(MODEL, runtime, 1)
    assert log.read_text().splitlines()[:2] == ["precision fp16", "cache /tmp/a=b"]


def test_it_takes_a_compiled_model_whose_operators_it_claims(
    log: Path, fake_library: Path, compiled: ModelFile, runtime: str
) -> None:
    engine = parse_backend(f"delegate:{fake_library}").open(compiled, runtime, 1)
    assert engine.runs_on.startswith("delegate libedgetpu.so.1 (")
    assert log.exists()


@pytest.mark.parametrize(
    ("mode", "problem"),
    [
        ("no device", r"cannot be created \(it gives no reason\): check its device and its options"),
        ("error", r"cannot be created \(firmware too old\): check its device and its options"),
        ("prepare fails", "does not take .*nano.tflite"),
    ],
)
def test_a_delegate_that_does_not_work_is_an_accelerator_error(
    fake_library: Path, runtime: str, monkeypatch: pytest.MonkeyPatch, mode: str, problem: str
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU", mode)
    with pytest.raises(AcceleratorError, match=f"^delegate:{fake_library}: {problem}") as raised:
        parse_backend(f"delegate:{fake_library}").open(MODEL, runtime, 1)
    assert raised.value.setting == "model.accelerator"


def test_a_library_that_is_missing_or_no_delegate_is_an_accelerator_error(tmp_path: Path, runtime: str) -> None:
    with pytest.raises(
        AcceleratorError, match=r"^delegate:libnothere\.so: cannot be loaded \(.*No such file"
    ) as raised:
        parse_backend("delegate:libnothere.so").open(MODEL, runtime, 1)
    assert raised.value.cure == f"name a TFLite external delegate built for {runtime} {version(runtime)}"
    other = tmp_path / "other.so"
    subprocess.run(["gcc", "-shared", "-x", "c", "-o", str(other), "/dev/null"], check=True, timeout=60)
    with pytest.raises(AcceleratorError, match=r"cannot be loaded \(it has no tflite_plugin_create_delegate\)"):
        parse_backend(f"delegate:{other}").open(MODEL, runtime, 1)


def test_a_damaged_graph_is_a_model_error(fake_library: Path, runtime: str) -> None:
    damaged = ModelFile(Path("m.tflite"), b"\x1c\0\0\0TFL3" + b"\0" * 500, ("a", "b"), {})
    with pytest.raises(ModelError, match=r"m\.tflite"):
        parse_backend(f"delegate:{fake_library}").open(damaged, runtime, 1)


@pytest.mark.parametrize(
    ("mode", "problem"),
    [
        ("segfault at load", r"crashes with .* \(SIGSEGV.*\): install one built for "),
        ("invoke fails", "the first inference failed on delegate .*USB transfer error"),
        ("hang", r"hangs with .* \(no answer within 4 s\): restart its device"),
    ],
)
def test_it_is_probed_in_a_child_process_before_it_is_used(
    fake_library: Path, runtime: str, monkeypatch: pytest.MonkeyPatch, mode: str, problem: str
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU_CLAIMS", "all")
    monkeypatch.setenv("FAKE_EDGETPU", mode)
    platform = Platform(runtimes=(runtime,), timeout=4 if mode == "hang" else 60)
    with pytest.raises(AcceleratorError, match=problem):
        select_engine(MODEL.path, f"delegate:{fake_library}", platform=platform)


def test_auto_never_tries_it() -> None:
    assert not parse_backend("delegate:libgpu.so").is_candidate(MODEL, DeviceFiles())
    assert parse_backend("delegate:libgpu.so").find_devices(DeviceFiles()) == []
