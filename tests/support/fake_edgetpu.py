"""Fixtures of the stand-in for libedgetpu, a delegate that needs no device; see fake_edgetpu.c for what it does."""

from __future__ import annotations

import gc
import subprocess
from pathlib import Path

import pytest
from tests.support.models import write_compiled

from fer_edge.config.accelerator import LIBRARY_VARIABLE
from fer_edge.inference.model_file import ModelFile

SOURCE = Path(__file__).with_suffix(".c")


@pytest.fixture(scope="session")
def fake_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shared library of the stand-in."""
    library = tmp_path_factory.mktemp("libedgetpu") / "libedgetpu.so.1"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", str(library), str(SOURCE)]
    subprocess.run(command, check=True, timeout=60)
    return library


@pytest.fixture
def edgetpu(fake_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An Edge TPU that works, as far as its library can tell. Returns the library's log; it exists once it is used."""
    gc.collect()  # a delegate of an earlier test would log its end here
    monkeypatch.setenv(LIBRARY_VARIABLE, str(fake_library))
    monkeypatch.setenv("FAKE_EDGETPU_LOG", str(tmp_path / "edgetpu.log"))
    return tmp_path / "edgetpu.log"


@pytest.fixture
def compiled(tmp_path: Path) -> ModelFile:
    """A model compiled for the Edge TPU."""
    return write_compiled(tmp_path / "fake_edgetpu.tflite")
