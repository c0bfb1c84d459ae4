"""Which detectors a name opens, and what remains when the face network cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_edge.config.model import DETECTORS, HAAR
from fer_edge.errors import FerError
from fer_edge.inference.detectors import open_detectors
from fer_edge.inference.face_network_file import FACE_NETWORK
from fer_edge.inference.probe import ProbeCrashError, ProbeTimeoutError, UnexpectedProbeError
from fer_edge.inference.runtimes import available_runtimes
from fer_edge.inference.selection import Platform

FASTEST = available_runtimes()[0]
ALONE = "faces are detected with the Haar cascade alone: "
WITH_NETWORK = [name for name in DETECTORS if name != HAAR]


@pytest.mark.parametrize("name", DETECTORS)
def test_the_detectors_are_those_of_the_name(name: str) -> None:
    detectors, warnings = open_detectors(name)
    assert (detectors.name, warnings) == (name, ())


def test_the_cascade_alone_needs_neither_the_file_nor_a_runtime(tmp_path: Path) -> None:
    detectors, warnings = open_detectors(HAAR, Platform(runtimes=()), tmp_path / "none.tflite")
    assert (detectors.name, warnings) == (HAAR, ())


@pytest.mark.parametrize("name", WITH_NETWORK)
def test_with_a_damaged_network_the_cascade_remains_and_one_line_says_why(tmp_path: Path, name: str) -> None:
    (tmp_path / "damaged.tflite").write_bytes(FACE_NETWORK.read_bytes()[:-7])
    detectors, (warning,) = open_detectors(name, path=tmp_path / "damaged.tflite")
    assert detectors.name == HAAR
    assert warning.startswith(f"{ALONE}{tmp_path / 'damaged.tflite'}: damaged (sha256 ")
    assert warning.endswith(": install fer-edge again")


@pytest.mark.parametrize("name", WITH_NETWORK)
@pytest.mark.parametrize("failure", [ProbeCrashError, ProbeTimeoutError, UnexpectedProbeError])
def test_with_a_network_that_does_not_run_the_cascade_remains_and_one_line_says_why(
    name: str, failure: type[FerError]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure("first\nsecond")

    detectors, (warning,) = open_detectors(name, Platform(runtimes=(FASTEST,), probe=fail))
    assert detectors.name == HAAR
    assert warning.startswith(f"{ALONE}{FACE_NETWORK}: ")
    assert "(first second)" in warning


def test_with_a_runtime_that_crashes_and_one_that_works_there_is_a_warning_and_the_network() -> None:
    def first_crashes(path: Path, accelerator: str, runtime: str, **__: object) -> None:
        if runtime == "tflite-runtime":
            raise ProbeCrashError("SIGILL")

    platform = Platform(runtimes=("tflite-runtime", "ai-edge-litert"), probe=first_crashes)
    detectors, (warning,) = open_detectors("network", platform)
    assert detectors.name == "network"
    assert "crashes tflite-runtime (SIGILL); it runs on cpu (ai-edge-litert " in warning
