from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from fer_edge.config.model import DEFAULT_MODEL
from fer_edge.inference.backends import CPU
from fer_edge.inference.backends.base import DeviceFiles
from fer_edge.inference.model_file import ModelError, ModelFile, read_model

MODEL = read_model(DEFAULT_MODEL)


@pytest.mark.parametrize(("threads", "text"), [(1, "1 thread"), (3, "3 threads")])
def test_it_runs_a_model_with_the_threads_it_is_given(runtime: str, threads: int, text: str) -> None:
    engine = CPU.open(MODEL, runtime, threads)
    assert engine.runs_on == f"cpu ({runtime} {version(runtime)}, {text})"
    assert engine.interpreter.get_input_details()[0]["shape"].tolist() == [1, 48, 48, 1]


def test_it_loads_no_delegate(edgetpu: Path, runtime: str) -> None:
    CPU.open(MODEL, runtime, 1)
    assert not edgetpu.exists()


def test_it_runs_every_model_as_it_is_and_needs_no_device() -> None:
    assert CPU.find_model(MODEL) is MODEL
    assert CPU.is_candidate(MODEL, DeviceFiles())
    assert CPU.find_devices(DeviceFiles()) == []


def test_a_compiled_model_is_a_model_error(compiled: ModelFile, runtime: str) -> None:
    with pytest.raises(ModelError, match="edgetpu-custom-op"):
        CPU.open(compiled, runtime, 1)


def test_a_crash_or_a_timeout_is_the_fault_of_the_model() -> None:
    for error in (CPU.crash_error(MODEL, "lite", "SIGSEGV"), CPU.timeout_error(MODEL, "lite", "no answer within 60 s")):
        assert isinstance(error, ModelError)
        assert (error.setting, error.cure) == ("model.file", "make it again with fer-convert quantize")
