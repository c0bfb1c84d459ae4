"""Opening the face network, with the real runtimes and with ones that fail."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.graphs import altered
from tests.support.models import endless_graph

from fer_edge.config.model import MODELS
from fer_edge.errors import FerError
from fer_edge.inference.backends import CPU
from fer_edge.inference.backends.base import AcceleratorError
from fer_edge.inference.engine import InferenceEngine
from fer_edge.inference.face_network_file import (
    FACE_NETWORK,
    SHA256,
    FaceNetworkError,
    open_face_network,
    read_face_network,
    run_function,
)
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import ModelFile
from fer_edge.inference.probe import (
    ProbeCrashError,
    ProbeTimeoutError,
    UnexpectedProbeError,
    probe,
)
from fer_edge.inference.runtimes import available_runtimes
from fer_edge.inference.selection import Platform

FASTEST = available_runtimes()[0]
GREY = np.zeros((1, 128, 128, 1), np.float32)


def refused(path: Path) -> str:
    """The error that the file causes, once it is known to be one line that begins with its path."""
    with pytest.raises(FaceNetworkError) as raised:
        open_face_network(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def failing_probe(failures: dict[str, FerError]) -> Callable[..., None]:
    """A probe that fails with the runtimes named, and does nothing with others."""

    def try_model(path: Path, accelerator: str, runtime: str, *, threads: int, timeout: int) -> None:
        if runtime in failures:
            raise failures[runtime]

    return try_model


def test_the_shipped_network_opens_without_a_warning_on_each_runtime(
    runtime: str, capfd: pytest.CaptureFixture[str]
) -> None:
    probed: list[tuple[Any, ...]] = []

    def record(path: Path, accelerator: str, name: str, *, threads: int, timeout: int) -> None:
        probed.append((path, accelerator, name, threads, timeout))
        probe(path, accelerator, name, threads=threads, timeout=timeout)

    _, warnings = open_face_network(platform=Platform(runtimes=(runtime,), probe=record, timeout=50))
    assert warnings == ()
    assert probed == [(FACE_NETWORK, "cpu", runtime, 1, 50)]
    assert "fer-edge" not in "".join(capfd.readouterr())


def test_the_outputs_are_those_of_the_tensors_whatever_their_order(runtime: str) -> None:
    model = read_face_network(FACE_NETWORK)

    def swap_outputs(graph: Any) -> None:
        graph.subgraphs[0].outputs = graph.subgraphs[0].outputs[::-1]

    swapped = ModelFile(model.path, altered(model.graph, swap_outputs), (), {})
    rng = np.random.default_rng(0)
    pixels = rng.uniform(-1, 1, GREY.shape).astype(np.float32)
    results = []
    for each in (model, swapped):
        boxes, logits = run_function(each, open_engine(each, runtime=runtime, backend=CPU))(pixels)
        assert (boxes.shape, boxes.dtype, logits.shape, logits.dtype) == ((896, 16), np.float32, (896,), np.float32)
        results.append((boxes, logits))
    (boxes, logits), (swapped_boxes, swapped_logits) = results
    assert np.array_equal(boxes, swapped_boxes)
    assert np.array_equal(logits, swapped_logits)


def test_a_later_run_does_not_change_the_results_of_an_earlier_one(runtime: str) -> None:
    model = read_face_network(FACE_NETWORK)
    run = run_function(model, open_engine(model, runtime=runtime, backend=CPU))
    boxes, logits = run(GREY)
    kept = boxes.copy(), logits.copy()
    run(GREY + 0.7)
    assert np.array_equal(boxes, kept[0])
    assert np.array_equal(logits, kept[1])


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.tflite") == "No such file or directory: install fer-edge again"
    assert refused(tmp_path) == "a directory or a device; expected a file: install fer-edge again"


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[:100_000] + bytes([content[100_000] ^ 1]) + content[100_001:],
        lambda content: content[:-1],
        lambda content: content[:1000],
        lambda content: b"",
        lambda content: content + b"\0",
    ],
    ids=["a flipped bit", "one byte short", "truncated", "empty", "one byte more"],
)
def test_a_damaged_file_is_refused(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    (tmp_path / "damaged.tflite").write_bytes(change(FACE_NETWORK.read_bytes()))
    message = refused(tmp_path / "damaged.tflite")
    assert message.startswith("damaged (sha256 ")
    assert message.endswith(f", expected {SHA256[:12]}): install fer-edge again")


def test_another_model_is_refused_before_any_runtime_loads_it(tmp_path: Path) -> None:
    shutil.copy(MODELS / "nano.tflite", tmp_path / "other.tflite")
    (tmp_path / "endless.tflite").write_bytes(endless_graph())
    for name in ("other", "endless"):
        assert refused(tmp_path / f"{name}.tflite").startswith("damaged (sha256 ")


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (ProbeCrashError("SIGSEGV"), f"crashes {FASTEST} (SIGSEGV)"),
        (ProbeTimeoutError("no answer within 9 s"), f"hangs in {FASTEST} (no answer within 9 s)"),
        (UnexpectedProbeError("exit 1: TypeError: x"), f"cannot be tried on the CPU with {FASTEST} (exit 1: TypeErro"),
    ],
)
def test_a_runtime_that_fails_in_the_child_process_is_to_be_installed_again(failure: FerError, expected: str) -> None:
    platform = Platform(runtimes=(FASTEST,), probe=failing_probe({FASTEST: failure}))
    with pytest.raises(FaceNetworkError) as raised:
        open_face_network(platform=platform)
    assert str(raised.value).startswith(f"{FACE_NETWORK}: {expected}")
    assert raised.value.cure == "the file is intact, so install the TFLite runtime again"
    assert raised.value.setting is None


def test_the_next_runtime_is_used_after_one_that_crashes() -> None:
    failing = failing_probe({"tflite-runtime": ProbeCrashError("SIGILL")})
    platform = Platform(runtimes=("tflite-runtime", "ai-edge-litert"), probe=failing)
    _, (warning,) = open_face_network(platform=platform)
    assert warning.startswith(f"{FACE_NETWORK}: crashes tflite-runtime (SIGILL); it runs on cpu (ai-edge-litert ")


def test_without_a_runtime_the_error_says_what_to_install() -> None:
    with pytest.raises(FaceNetworkError) as raised:
        open_face_network(platform=Platform(runtimes=()))
    assert str(raised.value) == f"{FACE_NETWORK}: no TFLite runtime: pip install ai-edge-litert or tflite-runtime"


def test_a_network_with_other_tensors_is_refused() -> None:
    nano = ModelFile(MODELS / "nano.tflite", (MODELS / "nano.tflite").read_bytes(), (), {})
    with pytest.raises(FaceNetworkError) as raised:
        run_function(nano, open_engine(nano, backend=CPU))
    assert str(raised.value) == (
        f"{nano.path}: its inputs are uint8 [1, 48, 48, 1]; expected one that is float32 [1, 128, 128, 1]: "
        "install fer-edge again"
    )


def test_a_network_without_one_of_the_outputs_is_refused() -> None:
    model = read_face_network(FACE_NETWORK)

    def drop_output(graph: Any) -> None:
        graph.subgraphs[0].outputs = [graph.subgraphs[0].outputs[0]]

    partial = ModelFile(model.path, altered(model.graph, drop_output), (), {})
    with pytest.raises(FaceNetworkError, match=r"its outputs are float32 \[1, 896, 16\]; expected .* \[1, 896, 1\]"):
        run_function(partial, open_engine(partial, backend=CPU))


class FailingInterpreter:
    """Has the tensors of the face network, and fails when it is invoked."""

    def get_input_details(self) -> list[dict[str, Any]]:
        return [{"index": 0, "shape": np.array(GREY.shape), "dtype": np.float32}]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [{"index": i, "shape": np.array((1, 896, n)), "dtype": np.float32} for i, n in ((1, 1), (2, 16))]

    def set_tensor(self, index: int, value: NDArray[np.float32]) -> None:
        pass

    def invoke(self) -> None:
        raise RuntimeError("out of memory")


def test_an_inference_that_fails_during_the_run_names_the_network_and_the_reason() -> None:
    run = run_function(read_face_network(FACE_NETWORK), InferenceEngine(FailingInterpreter(), "cpu (x)"))  # type: ignore[arg-type]
    with pytest.raises(AcceleratorError, match=r"^face network on cpu \(x\): inference failed: out of memory$"):
        run(GREY)
