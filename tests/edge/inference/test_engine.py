"""What runs where: with a stand-in for libedgetpu, in this process and as the whole daemon."""

from __future__ import annotations

import json
import shutil
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from tests.support import MEDIA, Mosquitto, Run, heard, run, wait_until
from tests.support.models import compiled_graph, write_compiled

from fer_data.readers import FER2013_CLASSES
from fer_edge.config.model import DEFAULT_MODEL, MODELS, Config, parse_accelerator
from fer_edge.errors import UsageError
from fer_edge.inference import selection as choice
from fer_edge.inference.backends import edgetpu as coral
from fer_edge.inference.backends.edgetpu import AcceleratorError
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.engine import open_engine
from fer_edge.inference.model_file import ModelError, ModelFile, read_model, write_model
from fer_edge.inference.probe import TIMEOUT, ProbeDiedError
from fer_edge.inference.runtimes import available_runtimes
from fer_edge.inference.selection import select_engine

FASTEST = available_runtimes()[0]


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A model for the processor, beside which others can be put."""
    return Path(shutil.copy(MODELS / "nano.tflite", tmp_path / "fake.tflite"))


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(coral.LIBRARY_VARIABLE, "libnothere.so.1")


# One engine, in this process


def test_a_compiled_model_runs_on_the_delegate(edgetpu: Path, compiled: ModelFile, runtime: str) -> None:
    engine = open_engine(compiled, runtime=runtime)
    assert engine.runs_on == f"edgetpu ({runtime} {version(runtime)})"
    faces = np.full((3, 48, 48), [[[2]], [[13]], [[0]]], np.uint8)
    assert np.array_equal(EmotionClassifier(compiled, engine).classify(faces).argmax(axis=1), [2, 6, 0])
    assert edgetpu.read_text().split() == ["create", *["invoke"] * 3]


@pytest.mark.parametrize("device", ["usb:0", "pci:1"])
def test_a_certain_device_is_asked_of_the_delegate(
    edgetpu: Path, compiled: ModelFile, runtime: str, device: str
) -> None:
    assert open_engine(compiled, runtime=runtime, device=device).runs_on.startswith(f"edgetpu {device} (")
    assert f"device {device}" in edgetpu.read_text()


def test_a_plain_model_never_meets_the_delegate(edgetpu: Path, runtime: str) -> None:
    engine = open_engine(read_model(DEFAULT_MODEL), 2, runtime=runtime)
    assert engine.runs_on == f"cpu ({runtime} {version(runtime)}, 2 threads)"
    assert not edgetpu.exists()


def test_a_delegate_that_leaves_the_operator_is_not_believed(
    edgetpu: Path, compiled: ModelFile, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU", "prepare fails")
    with pytest.raises(AcceleratorError, match=r"does not take .*fake_edgetpu\.tflite"):
        open_engine(compiled, runtime=runtime)


def test_a_failing_invoke_is_an_accelerator_error(
    edgetpu: Path, compiled: ModelFile, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = EmotionClassifier(compiled, open_engine(compiled, runtime=runtime))
    monkeypatch.setenv("FAKE_EDGETPU", "invoke fails")
    with pytest.raises(AcceleratorError, match=r"failed at a face: .*USB transfer error"):
        classifier.classify(np.zeros((1, 48, 48), np.uint8))


def test_a_graph_that_the_runtime_cannot_read_is_a_model_error(runtime: str) -> None:
    with pytest.raises(ModelError, match=r"m\.tflite"):
        open_engine(ModelFile(Path("m.tflite"), b"\x1c\0\0\0TFL3" + b"\0" * 500, ("a", "b"), {}), runtime=runtime)


# The choice


def test_auto_takes_the_compiled_model_beside_the_plain_one(edgetpu: Path, plain: Path, compiled: ModelFile) -> None:
    model, engine = select_engine(plain)
    assert (model.path, engine.runs_on) == (compiled.path, f"edgetpu ({FASTEST} {version(FASTEST)})")
    assert edgetpu.read_text().count("create") == 2  # in the trial and here


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("no device", "finds no device"),
        ("error", r"\(firmware too old\)"),
        ("abort", "kills the process that uses it .SIGABRT.: .* built for "),
        ("segfault at load", "kills the process that uses it .SIGSEGV.: .* built for "),
        ("invoke fails", "the first invoke fails on edgetpu .*USB transfer error"),
        ("invoke aborts", "SIGABRT"),
        ("hang", "no answer within 5 s"),
        ("prepare fails", "does not take"),
    ],
)
@pytest.mark.usefixtures("edgetpu")
def test_an_edge_tpu_that_does_not_work_is_a_line_in_auto_and_an_error_when_asked_for(
    plain: Path,
    compiled: ModelFile,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    mode: str,
    reason: str,
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU", mode)
    monkeypatch.setattr(choice, "available_runtimes", lambda: (FASTEST,))
    timeout = 5 if mode == "hang" else TIMEOUT
    model, engine = select_engine(plain, threads=2, timeout=timeout)
    assert (model.path, engine.runs_on) == (plain, f"cpu ({FASTEST} {version(FASTEST)}, 2 threads)")
    (said,) = caplog.messages
    assert said.startswith("runs on the processor: ")
    for path in (plain, compiled.path):
        with pytest.raises(AcceleratorError, match=reason) as raised:
            select_engine(path, "edgetpu", timeout=timeout)
        assert " ".join(str(raised.value).split()) in said


@pytest.mark.usefixtures("no_library")
def test_without_the_library_auto_runs_on_the_processor_and_says_why(
    plain: Path, compiled: ModelFile, caplog: pytest.LogCaptureFixture
) -> None:
    assert select_engine(plain)[0].path == plain
    assert "libnothere.so.1 cannot be loaded" in caplog.messages[0]
    with pytest.raises(AcceleratorError, match="cannot be loaded"):
        select_engine(compiled.path)


def test_a_plain_model_alone_runs_on_the_processor_without_a_word(
    edgetpu: Path, plain: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert select_engine(plain)[1].runs_on.startswith("cpu ")
    assert not edgetpu.exists()
    assert caplog.messages == []


def test_an_edge_tpu_that_lies_idle_for_want_of_a_compiled_model_is_said(
    plain: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "find_edgetpus", lambda machine: [Path("/dev/apex_0")])
    assert select_engine(plain)[1].runs_on.startswith("cpu ")
    assert "not compiled for the Edge TPU" in caplog.messages[0]


def test_a_plain_model_is_never_run_on_the_processor_when_the_edge_tpu_is_asked_for(edgetpu: Path, plain: Path) -> None:
    with pytest.raises(ModelError, match=r"not compiled for the Edge TPU.*fer-convert compile"):
        select_engine(plain, "edgetpu")
    shutil.copy(plain, plain.with_name("fake_edgetpu.tflite"))
    with pytest.raises(ModelError, match=r"fake_edgetpu\.tflite: not compiled"):
        select_engine(plain, "edgetpu")
    assert not edgetpu.exists()


def test_the_processor_is_taken_when_it_is_asked_for(edgetpu: Path, plain: Path, compiled: ModelFile) -> None:
    assert select_engine(plain, "cpu")[0].path == plain
    with pytest.raises(ModelError, match=f"{compiled.path.name}: compiled for the Edge TPU"):
        select_engine(compiled.path, "cpu")
    assert not edgetpu.exists()


@pytest.mark.usefixtures("edgetpu")
def test_a_compiled_model_of_other_labels_is_not_taken(plain: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_compiled(plain.with_name("fake_edgetpu.tflite"), tuple(reversed(FER2013_CLASSES)))
    assert select_engine(plain)[0].path == plain
    assert "its labels are not those of" in caplog.messages[0]


def test_a_runtime_that_dies_of_the_library_leaves_it_to_the_other(
    edgetpu: Path, compiled: ModelFile, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried = []

    def first_dies(path: Path, runtime: str, **_: object) -> None:
        tried.append(runtime)
        if len(tried) == 1:
            raise ProbeDiedError("SIGSEGV")

    monkeypatch.setattr(choice, "available_runtimes", lambda: ("tflite-runtime", FASTEST))
    monkeypatch.setattr(choice, "describe_runtime", str)
    monkeypatch.setattr(choice, "probe", first_dies)
    _, engine = select_engine(compiled.path, "edgetpu:usb:0")
    assert (tried, engine.runs_on) == (["tflite-runtime", FASTEST], f"edgetpu usb:0 ({FASTEST} {version(FASTEST)})")
    assert "built for tflite-runtime" in caplog.messages[0]


@pytest.mark.parametrize("spec", ["auto", "cpu", "edgetpu", "edgetpu:usb:0", "edgetpu:pci:1"])
def test_an_accelerator_is_said_in_one_of_these_ways(spec: str) -> None:
    assert parse_accelerator(spec) == spec


@pytest.mark.parametrize("spec", ["", "gpu", "cpu:0", "edgetpu:", "edgetpu:usb", "edgetpu:usb:x", "auto "])
def test_any_other_accelerator_is_refused(spec: str) -> None:
    with pytest.raises(UsageError, match="expected auto, edgetpu"):
        parse_accelerator(spec)


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (4, 3), (16, 3)])
def test_a_core_stays_free_by_default(monkeypatch: pytest.MonkeyPatch, cores: int, threads: int) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(cores)))
    assert Config("0", None).threads == threads


# The daemon


def daemon(*arguments: object) -> Run:
    picture = MEDIA / "faces" / "bryan.png"
    return run("fer_edge", "--camera", picture, "--mqtt", "none", "--print", *arguments)


def last_line(done: Run) -> str:
    assert "Traceback" not in done.err
    lines = [line for line in done.err.splitlines() if line.startswith("fer-edge: ")]
    assert len(lines) == 1, done.err
    return lines[0]


@pytest.mark.usefixtures("edgetpu")
def test_the_daemon_runs_on_the_edge_tpu(compiled: ModelFile) -> None:
    done = daemon("--model", compiled.path)
    assert done.code == 0, done.err
    assert [event["type"] for event in done.events] == ["start", "end"]
    assert max(done.events[0]["scores"].values()) == 1.0


@pytest.mark.parametrize(
    ("mode", "code", "complaint"),
    [
        ("no device", 1, "finds no device: plug the Coral in"),
        ("segfault at load", 1, "SIGSEGV"),
        ("abort", 1, "SIGABRT"),
        ("invoke fails", 1, "the first invoke fails"),
        ("invoke fails later", 1, "failed at a face: "),
    ],
)
@pytest.mark.usefixtures("edgetpu")
def test_the_daemon_ends_with_a_line_when_the_edge_tpu_it_needs_does_not_work(
    compiled: ModelFile, monkeypatch: pytest.MonkeyPatch, mode: str, code: int, complaint: str
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU", mode)
    done = daemon("--model", compiled.path)
    assert done.code == code
    assert complaint in last_line(done)


@pytest.mark.usefixtures("edgetpu")
def test_the_daemon_survives_a_library_that_segfaults(
    plain: Path, compiled: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU", "segfault at load")
    done = daemon("--model", plain)
    assert done.code == 0
    assert done.events
    assert last_line(done).startswith("fer-edge: runs on the processor: Edge TPU: ")


@pytest.mark.parametrize(
    ("flags", "code", "complaint"),
    [
        ("--accelerator gpu", 2, "--accelerator: 'gpu': expected auto, "),
        ("--accelerator edgetpu", 78, "not compiled for the Edge TPU"),
    ],
)
def test_the_daemon_refuses_what_cannot_be_asked(plain: Path, flags: str, code: int, complaint: str) -> None:
    done = daemon("--model", plain, *flags.split())
    assert (done.code, done.out) == (code, "")
    assert complaint in last_line(done)


@pytest.mark.usefixtures("edgetpu")
def test_info_tells_what_really_runs(mosquitto: Mosquitto, compiled: ModelFile) -> None:
    file = mosquitto.subscribe()
    picture = ["--camera", MEDIA / "faces" / "bryan.png", "--mqtt", mosquitto.url]
    run("fer_edge", *picture, "--device", "tpu", "--model", compiled.path, "--accelerator", "edgetpu:usb:0")
    run("fer_edge", *picture, "--device", "cpu", "--threads", 2)
    wait_until(lambda: ("fer/cpu/status", "offline") in heard(file))
    told = {topic: json.loads(text)["accelerator"] for topic, text in heard(file) if topic.endswith("/info")}
    assert told["fer/tpu/info"] == f"edgetpu usb:0 ({FASTEST} {version(FASTEST)})"
    assert told["fer/cpu/info"] == f"cpu ({FASTEST} {version(FASTEST)}, 2 threads)"


@pytest.mark.usefixtures("edgetpu")
def test_a_compiled_model_that_breaks_the_contract_is_exit_78(tmp_path: Path) -> None:
    write_model(tmp_path / "m.tflite", compiled_graph(5), FER2013_CLASSES, {})
    done = daemon("--model", tmp_path / "m.tflite")
    assert done.code == 78
    assert "its output is [1, 5], but it has 7 labels" in last_line(done)
