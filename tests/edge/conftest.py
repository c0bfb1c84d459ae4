"""The stand-in for the Edge TPU, for the tests of what runs on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.models import build_fake_edgetpu, write_compiled

from fer_edge.config.model import LIBRARY_VARIABLE
from fer_edge.inference.model_file import ModelFile
from fer_edge.inference.runtimes import RUNTIMES, available_runtimes


@pytest.fixture(scope="session")
def fake_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_fake_edgetpu(tmp_path_factory.mktemp("libedgetpu"))


@pytest.fixture
def edgetpu(fake_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An Edge TPU that works, as far as the library tells. Returns the file in which it notes what is asked of it."""
    monkeypatch.setenv(LIBRARY_VARIABLE, str(fake_library))
    monkeypatch.setenv("FAKE_EDGETPU_LOG", str(tmp_path / "edgetpu.log"))
    return tmp_path / "edgetpu.log"


@pytest.fixture
def compiled(tmp_path: Path) -> ModelFile:
    return write_compiled(tmp_path / "fake_edgetpu.tflite")


@pytest.fixture(params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if name not in available_runtimes():
        pytest.skip(f"NOT TESTED: {name} is not installed for this Python")
    return name
