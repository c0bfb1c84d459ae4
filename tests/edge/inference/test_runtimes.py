from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from fer_edge.config.model import MODELS
from fer_edge.errors import FerError, UsageError
from fer_edge.inference import runtimes
from fer_edge.inference.engine import open_engine
from fer_edge.inference.model_file import read_model
from fer_edge.inference.runtimes import RUNTIMES, available_runtimes, pick_runtime

NANO = MODELS / "nano.tflite"


def test_the_runtimes_there_are_come_the_faster_first() -> None:
    there = [name for name, package in RUNTIMES.items() if importlib.util.find_spec(package)]
    assert list(available_runtimes()) == there
    assert pick_runtime() == there[0]


def test_a_runtime_that_is_not_here_is_a_usage_error_that_names_those_that_are() -> None:
    with pytest.raises(
        UsageError, match=f"runtime tflite: not here; expected one of {', '.join(available_runtimes())}"
    ):
        pick_runtime("tflite")


def test_without_any_runtime_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "_installed", lambda package: False)
    with pytest.raises(FerError, match="pip install ai-edge-litert or tflite-runtime"):
        pick_runtime()


def test_the_number_of_threads_changes_no_answer(runtime: str) -> None:
    faces = np.random.default_rng(0).integers(0, 256, (8, 1, 48, 48, 1)).astype(np.uint8)

    def answers(threads: int) -> list[bytes]:
        interpreter = open_engine(read_model(NANO), threads, runtime=runtime).interpreter
        given = []
        for face in faces:
            interpreter.set_tensor(interpreter.get_input_details()[0]["index"], face)
            interpreter.invoke()
            given.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).tobytes())
        return given

    assert answers(1) == answers(3)


@pytest.mark.skipif("tflite-runtime" not in available_runtimes(), reason="NOT TESTED: tflite-runtime is not installed")
def test_after_tensorflow_the_other_runtime_is_taken() -> None:
    pytest.importorskip("tensorflow")
    program = (
        "import tensorflow\n"
        "from fer_edge.inference.engine import open_engine\n"
        "from fer_edge.config.model import MODELS\n"
        "from fer_edge.inference.model_file import read_model\n"
        "model = read_model(MODELS / 'nano.tflite')\n"
        "print(open_engine(model).runs_on)\n"
        "try:\n    open_engine(model, runtime='tflite-runtime')\n"
        "except Exception as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=240)
    first, second = done.stdout.splitlines()
    assert first.startswith("cpu (ai-edge-litert ")
    assert second.startswith(
        "runtime tflite-runtime: not here; expected one of ai-edge-litert; TensorFlow was imported"
    )
