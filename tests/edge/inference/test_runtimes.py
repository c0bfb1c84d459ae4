from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import pytest

from fer_edge.config.model import MODELS
from fer_edge.errors import FerError, UsageError
from fer_edge.inference.model_file import read_model
from fer_edge.inference.runtimes import (
    RUNTIMES,
    available_runtimes,
    describe_runtime,
    load_delegate,
    make_interpreter,
    pick_runtime,
)

NANO = MODELS / "nano.tflite"


def test_the_installed_runtimes_are_available_the_faster_first() -> None:
    installed = [name for name, package in RUNTIMES.items() if importlib.util.find_spec(package)]
    assert list(available_runtimes()) == installed
    assert pick_runtime() == installed[0]


def test_the_first_of_the_runtimes_to_choose_from_is_picked() -> None:
    assert pick_runtime(available=("tflite-runtime", "ai-edge-litert")) == "tflite-runtime"
    assert pick_runtime("ai-edge-litert", available=("tflite-runtime", "ai-edge-litert")) == "ai-edge-litert"


def test_the_error_for_a_runtime_that_is_not_available_names_those_that_are() -> None:
    with pytest.raises(UsageError, match=r"^runtime tflite is not available; expected one of one, two$"):
        pick_runtime("tflite", available=("one", "two"))


def test_the_error_without_any_runtime_says_what_to_install() -> None:
    with pytest.raises(FerError, match=r"^no TFLite runtime: pip install ai-edge-litert or tflite-runtime$"):
        pick_runtime(available=())


def test_a_runtime_is_described_with_its_version(runtime: str) -> None:
    assert describe_runtime(runtime) == f"{runtime} {version(runtime)}"


def test_the_number_of_threads_does_not_change_the_results(runtime: str) -> None:
    graph = read_model(NANO).graph
    faces = np.random.default_rng(0).integers(0, 256, (8, 1, 48, 48, 1)).astype(np.uint8)

    def results(threads: int) -> list[bytes]:
        interpreter = make_interpreter(runtime, graph, threads)
        outputs = []
        for face in faces:
            interpreter.set_tensor(interpreter.get_input_details()[0]["index"], face)
            interpreter.invoke()
            outputs.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).tobytes())
        return outputs

    assert results(1) == results(3)


def test_a_damaged_flatbuffer_is_a_value_error(runtime: str) -> None:
    with pytest.raises(ValueError, match="Model"):
        make_interpreter(runtime, b"\x1c\0\0\0TFL3" + b"\0" * 500, 1)


@pytest.mark.usefixtures("edgetpu")
def test_the_reason_of_a_library_that_creates_no_delegate_is_its_own(
    fake_library: object, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for mode, reason in (("error", "firmware too old"), ("no device", "")):
        monkeypatch.setenv("FAKE_EDGETPU", mode)
        with pytest.raises(ValueError) as raised:  # noqa: PT011 - the message is compared below
            load_delegate(runtime, str(fake_library), {})
        assert str(raised.value) == reason


def test_a_library_that_cannot_be_loaded_is_an_os_error(runtime: str) -> None:
    with pytest.raises(OSError, match=r"libnothere\.so"):
        load_delegate(runtime, "libnothere.so", {})


@pytest.mark.skipif("tflite-runtime" not in available_runtimes(), reason="NOT TESTED: tflite-runtime is not installed")
def test_after_tensorflow_the_other_runtime_is_picked() -> None:
    pytest.importorskip("tensorflow")
    program = (
        "import tensorflow\n"
        "from fer_edge.inference.runtimes import make_interpreter, pick_runtime\n"
        "from fer_edge.config.model import MODELS\n"
        "from fer_edge.inference.model_file import read_model\n"
        "make_interpreter(pick_runtime(), read_model(MODELS / 'nano.tflite').graph, 1)\n"
        "print(pick_runtime())\n"
        "try:\n    pick_runtime('tflite-runtime')\n"
        "except Exception as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=240)
    picked, error = done.stdout.splitlines()
    assert picked == "ai-edge-litert"
    assert error.startswith(
        "runtime tflite-runtime is not available; expected one of ai-edge-litert; TensorFlow was imported before"
    )
