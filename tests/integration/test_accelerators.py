"""The whole daemon on the Edge TPU and on a delegate, both played by a stand-in, and when they do not work."""

from __future__ import annotations

import json
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest
from tests.support.media import MEDIA
from tests.support.models import compiled_graph
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.processes import Run, run
from tests.support.refusals import error_line
from tests.support.waiting import wait_until

from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_edge.config.model import MODELS
from fer_edge.inference.model_file import ModelFile, write_model
from fer_edge.inference.runtimes import available_runtimes

FASTEST = available_runtimes()[0]
FACE = MEDIA / "faces" / "bryan.png"


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A model for the CPU; the fixture `compiled` puts the one for the Edge TPU beside it."""
    return Path(shutil.copy(MODELS / "nano.tflite", tmp_path / "fake.tflite"))


def daemon(*arguments: object) -> Run:
    return run("fer_edge", "--camera", FACE, "--mqtt", "none", "--print", *arguments)


def one_class_each(scores: dict[str, float]) -> bool:
    """Whether the face and its mirror image each have one class, as the fake Edge TPU answers."""
    return sum(sorted(scores.values())[-2:]) == pytest.approx(1.0, abs=0.01)


@pytest.mark.usefixtures("edgetpu")
def test_the_daemon_runs_on_the_edge_tpu(compiled: ModelFile) -> None:
    done = daemon("--model", compiled.path)
    assert done.code == 0, done.err
    assert [event["type"] for event in done.events] == ["start", "end"]
    assert one_class_each(done.events[0]["scores"])


@pytest.mark.usefixtures("edgetpu")
def test_the_daemon_runs_on_a_delegate(plain: Path, fake_library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_EDGETPU_CLAIMS", "all")
    done = daemon("--model", plain, "--accelerator", f"delegate:{fake_library}?speed=high")
    assert done.code == 0, done.err
    assert [event["type"] for event in done.events] == ["start", "end"]
    assert one_class_each(done.events[0]["scores"])


@pytest.mark.parametrize(
    ("mode", "problem"),
    [
        ("no device", "finds no device: plug the Coral in"),
        ("segfault at load", "SIGSEGV"),
        ("abort", "SIGABRT"),
        ("invoke fails", "the first inference failed"),
        ("invoke fails later", "inference failed: "),
    ],
)
@pytest.mark.usefixtures("edgetpu")
def test_the_daemon_ends_with_one_line_when_the_edge_tpu_it_needs_does_not_work(
    compiled: ModelFile, monkeypatch: pytest.MonkeyPatch, mode: str, problem: str
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU", mode)
    done = daemon("--model", compiled.path)
    assert done.code == 1
    assert problem in error_line(done)


@pytest.mark.usefixtures("edgetpu")
def test_the_daemon_survives_a_library_that_crashes(
    plain: Path, compiled: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU", "segfault at load")
    done = daemon("--model", plain)
    assert done.code == 0
    assert done.events
    assert error_line(done).startswith("fer-edge: runs on the CPU: Edge TPU: ")


@pytest.mark.parametrize(
    ("accelerator", "code", "problem"),
    [
        ("a gpu", 2, "--accelerator: 'a gpu': expected auto, "),
        ("gpu", 2, "--accelerator gpu: expected auto, edgetpu, "),
        ("edgetpu", 78, "not compiled for the Edge TPU"),
        ("delegate:libnothere.so", 1, "--accelerator delegate:libnothere.so: cannot be loaded ("),
    ],
)
def test_an_accelerator_that_cannot_be_used_is_one_line(plain: Path, accelerator: str, code: int, problem: str) -> None:
    done = daemon("--model", plain, "--accelerator", accelerator)
    assert (done.code, done.out) == (code, "")
    assert problem in error_line(done)


def test_an_unknown_accelerator_in_the_configuration_file_is_exit_78(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[model]\naccelerator = "gpu"\n')
    done = daemon("--config", tmp_path / "config.toml")
    assert done.code == 78
    assert error_line(done).startswith(f"fer-edge: {tmp_path}/config.toml: model.accelerator gpu: expected auto, ")


@pytest.mark.usefixtures("edgetpu")
def test_info_names_what_really_runs(mosquitto: Mosquitto, compiled: ModelFile) -> None:
    file = mosquitto.subscribe()
    common = ["--camera", FACE, "--mqtt", mosquitto.url]
    run("fer_edge", *common, "--device", "tpu", "--model", compiled.path, "--accelerator", "edgetpu:usb:0")
    run("fer_edge", *common, "--device", "cpu", "--threads", 2)
    wait_until(lambda: ("fer/cpu/status", "offline") in read_messages(file))
    accelerators = {
        topic: json.loads(text)["accelerator"] for topic, text in read_messages(file) if topic.endswith("/info")
    }
    assert accelerators["fer/tpu/info"] == f"edgetpu usb:0 ({FASTEST} {version(FASTEST)})"
    assert accelerators["fer/cpu/info"] == f"cpu ({FASTEST} {version(FASTEST)}, 2 threads)"


@pytest.mark.usefixtures("edgetpu")
def test_a_compiled_model_that_breaks_the_contract_is_exit_78(tmp_path: Path) -> None:
    write_model(tmp_path / "m.tflite", compiled_graph(5), FER2013_CLASSES, {})
    done = daemon("--model", tmp_path / "m.tflite")
    assert done.code == 78
    assert "its output is [1, 5], but it has 7 labels" in error_line(done)
