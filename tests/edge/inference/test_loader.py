"""Opening a model in this process. What each backend does with it is tested in `backends`."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from fer_edge.config.model import DEFAULT_MODEL
from fer_edge.errors import UsageError
from fer_edge.inference.backends import parse_backend
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import ModelError, ModelFile, read_model
from fer_edge.inference.runtimes import available_runtimes

FASTEST = available_runtimes()[0]


def test_an_ordinary_model_runs_on_the_cpu_and_the_fastest_runtime() -> None:
    assert open_engine(read_model(DEFAULT_MODEL), 2).runs_on == f"cpu ({FASTEST} {version(FASTEST)}, 2 threads)"


def test_a_compiled_model_runs_on_the_backend_it_was_compiled_for(edgetpu: Path, compiled: ModelFile) -> None:
    assert open_engine(compiled).runs_on == f"edgetpu ({FASTEST} {version(FASTEST)})"
    assert edgetpu.exists()


def test_the_backend_can_be_chosen(edgetpu: Path, compiled: ModelFile) -> None:
    engine = open_engine(compiled, backend=parse_backend("edgetpu:usb:0"))
    assert engine.runs_on == f"edgetpu usb:0 ({FASTEST} {version(FASTEST)})"
    assert "device usb:0" in edgetpu.read_text()


def test_the_runtime_can_be_chosen(runtime: str) -> None:
    assert open_engine(read_model(DEFAULT_MODEL), runtime=runtime).runs_on.startswith(f"cpu ({runtime} ")


def test_a_runtime_that_is_not_installed_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="runtime tflite is not available"):
        open_engine(read_model(DEFAULT_MODEL), runtime="tflite")


def test_a_graph_that_the_runtime_cannot_read_is_a_model_error(runtime: str) -> None:
    damaged = ModelFile(Path("m.tflite"), b"\x1c\0\0\0TFL3" + b"\0" * 500, ("a", "b"), {})
    with pytest.raises(ModelError, match=rf"m\.tflite: {runtime} cannot load it") as raised:
        open_engine(damaged, runtime=runtime)
    assert raised.value.setting == "model.file"
