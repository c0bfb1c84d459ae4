"""Which model runs where, with the stand-in for libedgetpu."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path

import pytest
from tests.support.models import write_compiled

from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_edge.config.accelerator import LIBRARY_VARIABLE
from fer_edge.config.model import MODELS
from fer_edge.errors import FerError, UsageError
from fer_edge.inference.backends import BACKENDS, CPU
from fer_edge.inference.backends.base import AcceleratorError, DeviceFiles
from fer_edge.inference.backends.cpu import CpuBackend
from fer_edge.inference.engine import InferenceEngine
from fer_edge.inference.model_file import ModelError, ModelFile
from fer_edge.inference.probe import PROBE_TIMEOUT, ProbeCrashError, UnexpectedProbeError
from fer_edge.inference.runtimes import available_runtimes
from fer_edge.inference.selection import Platform, select_engine

FASTEST = available_runtimes()[0]


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A model for the CPU; the fixture `compiled` puts the one for the Edge TPU beside it."""
    return Path(shutil.copy(MODELS / "nano.tflite", tmp_path / "fake.tflite"))


def test_auto_takes_the_compiled_model_beside_the_plain_one(edgetpu: Path, plain: Path, compiled: ModelFile) -> None:
    selection = select_engine(plain)
    assert selection.model.path == compiled.path
    assert selection.engine.runs_on == f"edgetpu ({FASTEST} {version(FASTEST)})"
    assert selection.warnings == ()
    assert edgetpu.read_text().count("create") == 2  # in the probe and here


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("no device", "finds no device"),
        ("error", r"\(firmware too old\)"),
        ("abort", "crashes .SIGABRT.*, most likely because .*: install a libedgetpu1-std built for "),
        ("segfault at load", "crashes .SIGSEGV.*, most likely because .*: install a libedgetpu1-std built for "),
        ("invoke fails", "the first inference failed on edgetpu .*USB transfer error"),
        ("invoke aborts", "SIGABRT"),
        ("hang", "no answer within 5 s"),
        ("prepare fails", "does not take"),
    ],
)
@pytest.mark.usefixtures("edgetpu")
def test_an_edge_tpu_that_does_not_work_is_a_warning_with_auto_and_an_error_when_it_is_named(
    plain: Path, compiled: ModelFile, monkeypatch: pytest.MonkeyPatch, mode: str, reason: str
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU", mode)
    platform = Platform(runtimes=(FASTEST,), timeout=5 if mode == "hang" else PROBE_TIMEOUT)
    selection = select_engine(plain, threads=2, platform=platform)
    assert selection.model.path == plain
    assert selection.engine.runs_on == f"cpu ({FASTEST} {version(FASTEST)}, 2 threads)"
    (warning,) = selection.warnings
    assert warning.startswith("runs on the CPU: ")
    for path in (plain, compiled.path):
        with pytest.raises(AcceleratorError, match=reason) as raised:
            select_engine(path, "edgetpu", platform=platform)
        assert " ".join(str(raised.value).split()) in warning


def test_without_the_library_auto_runs_on_the_cpu_and_warns(
    plain: Path, compiled: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LIBRARY_VARIABLE, "libnothere.so.1")
    selection = select_engine(plain)
    assert selection.model.path == plain
    assert "libnothere.so.1 cannot be loaded" in selection.warnings[0]
    with pytest.raises(AcceleratorError, match="cannot be loaded"):
        select_engine(compiled.path)


def test_a_plain_model_alone_runs_on_the_cpu_without_a_warning(edgetpu: Path, plain: Path) -> None:
    selection = select_engine(plain)
    assert selection.engine.runs_on.startswith("cpu ")
    assert selection.warnings == ()
    assert not edgetpu.exists()


def test_an_edge_tpu_that_is_idle_for_lack_of_a_compiled_model_is_a_warning(plain: Path, tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "apex_0").touch()
    selection = select_engine(plain, platform=Platform(files=DeviceFiles(tmp_path, tmp_path / "dev")))
    assert selection.engine.runs_on.startswith("cpu ")
    assert "not compiled for the Edge TPU" in selection.warnings[0]


def test_a_plain_model_never_runs_on_the_cpu_when_the_edge_tpu_is_named(edgetpu: Path, plain: Path) -> None:
    with pytest.raises(ModelError, match=r"not compiled for the Edge TPU.*fer-convert compile"):
        select_engine(plain, "edgetpu")
    shutil.copy(plain, plain.with_name("fake_edgetpu.tflite"))
    with pytest.raises(ModelError, match=r"fake_edgetpu\.tflite: not compiled"):
        select_engine(plain, "edgetpu")
    assert not edgetpu.exists()


def test_the_cpu_is_used_when_it_is_named(edgetpu: Path, plain: Path, compiled: ModelFile) -> None:
    assert select_engine(plain, "cpu").model.path == plain
    with pytest.raises(ModelError, match=f"{compiled.path.name}: compiled for the Edge TPU, and cannot run on the CPU"):
        select_engine(compiled.path, "cpu")
    assert not edgetpu.exists()


@pytest.mark.usefixtures("edgetpu")
def test_a_compiled_model_with_other_labels_is_not_used(plain: Path) -> None:
    write_compiled(plain.with_name("fake_edgetpu.tflite"), tuple(reversed(FER2013_CLASSES)))
    selection = select_engine(plain)
    assert selection.model.path == plain
    assert "its labels are not those of" in selection.warnings[0]


@pytest.mark.usefixtures("edgetpu")
def test_after_a_crash_of_the_first_runtime_the_second_is_used(compiled: ModelFile) -> None:
    probed = []

    def first_crashes(path: Path, accelerator: str, runtime: str, *, threads: int, timeout: int) -> None:
        probed.append((path, accelerator, runtime, threads, timeout))
        if len(probed) == 1:
            raise ProbeCrashError("SIGSEGV")

    platform = Platform(runtimes=(FASTEST, FASTEST), probe=first_crashes, timeout=7)
    selection = select_engine(compiled.path, "edgetpu:usb:0", 2, platform=platform)
    assert probed == [(compiled.path, "edgetpu:usb:0", FASTEST, 2, 7)] * 2
    assert selection.engine.runs_on == f"edgetpu usb:0 ({FASTEST} {version(FASTEST)})"
    (warning,) = selection.warnings
    assert warning.endswith(f"install a libedgetpu1-std built for {FASTEST} {version(FASTEST)}")


def test_the_error_is_that_of_the_first_runtime_when_all_crash(compiled: ModelFile) -> None:
    signals = iter(("SIGSEGV", "SIGABRT"))

    def all_crash(*_: object, **__: object) -> None:
        raise ProbeCrashError(next(signals))

    with pytest.raises(AcceleratorError, match="SIGSEGV"):
        select_engine(compiled.path, platform=Platform(runtimes=(FASTEST, FASTEST), probe=all_crash))


@pytest.mark.parametrize(("accelerator", "kind"), [("cpu", ModelError), ("edgetpu", AcceleratorError)])
@pytest.mark.usefixtures("edgetpu", "compiled")
def test_an_exception_in_the_probe_is_reported_as_such_and_not_as_a_crash(
    plain: Path, accelerator: str, kind: type[FerError]
) -> None:
    def raises(*_: object, **__: object) -> None:
        raise UnexpectedProbeError("exit 1: TypeError: wrong")

    with pytest.raises(kind, match=rf"cannot be tried on the .* with {FASTEST} \(exit 1: TypeError: wrong\)") as raised:
        select_engine(plain, accelerator, platform=Platform(runtimes=(FASTEST,), probe=raises))
    assert raised.value.cure is None


def test_an_unknown_backend_is_reported_before_the_model_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^gpu: expected auto, .* or cpu$"):
        select_engine(tmp_path / "nosuch.tflite", "gpu")


def test_without_a_runtime_the_error_says_what_to_install(plain: Path) -> None:
    with pytest.raises(FerError, match="pip install ai-edge-litert or tflite-runtime"):
        select_engine(plain, platform=Platform(runtimes=()))


class NewBackend(CpuBackend):
    """An accelerator that only the registry knows; it runs any model."""

    name = "npu"
    title = "NPU"
    examples = ("npu",)

    def open(self, model: ModelFile, runtime: str, threads: int) -> InferenceEngine:
        return InferenceEngine(CPU.open(model, runtime, threads).interpreter, "npu")


def test_a_backend_that_is_registered_is_all_that_auto_and_a_spec_need(plain: Path) -> None:
    platform = Platform(backends=(NewBackend(), *BACKENDS), probe=lambda *_, **__: None)
    for accelerator in ("auto", "npu"):
        assert select_engine(plain, accelerator, platform=platform).engine.runs_on == "npu"


def test_auto_goes_on_to_the_next_backend_and_warns_about_each_that_failed(
    plain: Path, edgetpu: Path, compiled: ModelFile
) -> None:
    def npu_crashes(path: Path, accelerator: str, *_: object, **__: object) -> None:
        if accelerator == "npu":
            raise ProbeCrashError("SIGILL")

    platform = Platform(backends=(NewBackend(), *BACKENDS), runtimes=(FASTEST,), probe=npu_crashes)
    selection = select_engine(plain, platform=platform)
    assert selection.model == compiled
    assert edgetpu.exists()
    (warning,) = selection.warnings
    assert warning.startswith("runs on the Edge TPU: ")
    assert "SIGILL" in warning
