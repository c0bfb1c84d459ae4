"""Damaged model files: each is refused with one line and exit code 78, and none crashes or hangs the daemon.

`read_model` refuses what the archive and the checksum reveal. Anything else, a malformed graph with the right checksum
or with none, is tried in a child process first: some of the graphs here kill it. So these tests belong to no single
module.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.graphs import altered
from tests.support.media import MEDIA
from tests.support.models import endless_graph, schema, write_bomb
from tests.support.processes import run
from tests.support.refusals import assert_refused

from fer_edge.config.model import MODELS
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.model_file import CARD, LABELS, ModelError, ModelFile, append_entries, read_model, write_model
from fer_edge.inference.runtimes import available_runtimes
from fer_edge.inference.selection import Platform, select_engine

NANO = MODELS / "nano.tflite"
CONTENT, MODEL = NANO.read_bytes(), read_model(NANO)


def is_refused(path: Path, content: bytes) -> bool:
    """Whether the file is refused, with one line. If it is not, what is read must be unchanged."""
    path.write_bytes(content)
    problem = ""
    try:
        model = read_model(path)
    except ModelError as error:
        problem = str(error)
    else:
        assert (model.graph, model.labels, model.card) == (MODEL.graph, MODEL.labels, MODEL.card)
    assert not problem or (problem.startswith(f"{path}: ") and "\n" not in problem)
    return bool(problem)


def test_a_file_that_is_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    for fiftieth in range(50):
        assert is_refused(tmp_path / "m.tflite", CONTENT[: len(CONTENT) * fiftieth // 50]), fiftieth


@pytest.mark.parametrize("start", [0, len(MODEL.graph)], ids=["anywhere", "in the archive"])
def test_a_changed_byte_is_refused_or_changes_nothing(tmp_path: Path, start: int) -> None:
    rng = np.random.default_rng(start)
    refusals = 0
    for _ in range(250):
        content = bytearray(CONTENT)
        content[rng.integers(start, len(content))] ^= rng.integers(1, 256)
        refusals += is_refused(tmp_path / "m.tflite", bytes(content))
    assert refusals >= 200  # the others change dates and permissions in the archive


def test_every_changed_byte_of_the_graph_is_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    for _ in range(100):
        content = bytearray(CONTENT)
        content[rng.integers(len(MODEL.graph))] ^= rng.integers(1, 256)
        assert is_refused(tmp_path / "m.tflite", bytes(content))


# Malformed graphs with the right checksum


def graph_with(change: Callable[[Any], None]) -> bytes:
    """The graph after `change` was made to its only subgraph."""
    return altered(MODEL.graph, lambda model: change(model.subgraphs[0]))


def swap_operands(subgraph: Any) -> None:
    convolution = subgraph.operators[3]
    convolution.inputs = list(reversed(convolution.inputs))


def swap_input_and_output(subgraph: Any) -> None:
    subgraph.inputs, subgraph.outputs = subgraph.outputs, subgraph.inputs


def set_first_input(operator: Any, index: int) -> None:
    operator.inputs = [index, *operator.inputs[1:]]


def read_missing_tensor(subgraph: Any) -> None:
    set_first_input(subgraph.operators[3], 9999)


def zero_scales(subgraph: Any) -> None:
    """Kills ai-edge-litert by SIGSEGV and tflite-runtime by SIGABRT."""
    for operator in subgraph.operators:
        subgraph.tensors[operator.outputs[0]].quantization.scale = [0.0]


def read_later_tensor(subgraph: Any) -> None:
    """Kills tflite-runtime by SIGFPE."""
    set_first_input(subgraph.operators[3], subgraph.operators[5].outputs[0])


def with_input(**fields: Any) -> bytes:
    def change(subgraph: Any) -> None:
        for name, value in fields.items():
            setattr(subgraph.tensors[subgraph.inputs[0]], name, value)

    return graph_with(change)


GRAPHS = {
    "swapped operands": graph_with(swap_operands),
    "input and output swapped": graph_with(swap_input_and_output),
    "missing tensor": graph_with(read_missing_tensor),
    "zero scales": graph_with(zero_scales),
    "tensor of a later operator": graph_with(read_later_tensor),
    "input not square": with_input(shape=[1, 48, 47, 1]),
    "three channels": with_input(shape=[1, 48, 48, 3]),
    "no pixels": with_input(shape=[1, 0, 0, 1]),
    "ten gigabytes": with_input(shape=[1, 100_000, 100_000, 1]),
    "float input": with_input(type=schema.TensorType.FLOAT32),
    "string input": with_input(type=schema.TensorType.STRING),
    "zeros": CONTENT[:8] + bytes(1000),
    "root outside the file": b"\xf0\xff\xff\x7f" + MODEL.graph[4:],
}


def open_classifier(path: Path, timeout: int = 20) -> EmotionClassifier:
    """Open a model as the daemon does."""
    selection = select_engine(path, platform=Platform(timeout=timeout))
    classifier = EmotionClassifier(selection.model, selection.engine)
    classifier.warm_up()
    return classifier


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_a_malformed_graph_with_the_right_checksum_is_refused(tmp_path: Path, graph: bytes) -> None:
    write_model(tmp_path / "m.tflite", graph, MODEL.labels, {})
    with pytest.raises(ModelError, match=r"m\.tflite: "):
        open_classifier(tmp_path / "m.tflite")


def test_a_graph_whose_invoke_never_returns_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path / "m.tflite", endless_graph(), MODEL.labels, {})
    with pytest.raises(ModelError, match=r"hangs in \S+ \(no answer within 4 s\)"):
        open_classifier(tmp_path / "m.tflite", timeout=4)


@pytest.mark.parametrize("labels", [MODEL.labels[:-1], (*MODEL.labels, "bored")], ids=["too few", "too many"])
def test_labels_that_do_not_match_the_output_are_refused(tmp_path: Path, labels: tuple[str, ...]) -> None:
    write_model(tmp_path / "m.tflite", MODEL.graph, labels, {})
    with pytest.raises(ModelError, match=f"but it has {len(labels)} labels"):
        open_classifier(tmp_path / "m.tflite")


def write_without_card(path: Path, graph: bytes) -> ModelFile:
    """Write a model file that has labels and no checksum."""
    path.write_bytes(graph)
    append_entries(path, {LABELS: "".join(f"{label}\n" for label in MODEL.labels)})
    return read_model(path)


def test_changed_bytes_that_no_checksum_reveals_crash_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    refusals = 0
    for number in range(16):
        graph = bytearray(MODEL.graph)
        for _ in range(3):  # among the offsets and tables: the weights in between may have any value
            position = rng.integers(8, 4000) if rng.random() < 0.5 else rng.integers(-9000, 0)
            graph[position] ^= rng.integers(1, 256)
        path = tmp_path / f"{number}.tflite"
        write_without_card(path, bytes(graph))
        try:
            classifier = open_classifier(path, timeout=5)
            assert classifier.labels == MODEL.labels
        except ModelError:
            refusals += 1
    assert refusals >= 4


# The daemon


def cut_short(path: Path) -> None:
    path.write_bytes(CONTENT[: len(CONTENT) // 2])


def flip_bit(path: Path) -> None:
    content = bytearray(CONTENT)
    content[5000] ^= 1
    path.write_bytes(content)


def add_zip_bomb(path: Path) -> None:
    write_bomb(path, MODEL.graph, {LABELS: "a" * (100 << 20), CARD: "{}"})


def crash_runtime(path: Path) -> None:
    write_model(path, GRAPHS["zero scales"], MODEL.labels, {})


def change_input(path: Path) -> None:
    write_model(path, GRAPHS["float input"], MODEL.labels, {})


def leave_out_labels(path: Path) -> None:
    path.write_bytes(MODEL.graph)
    append_entries(path, {CARD: "{}"})


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (cut_short, "cut short"),
        (flip_bit, "sha256 differs"),
        (add_zip_bomb, "labels.txt in it has 104857600 bytes"),
        (crash_runtime, f"crashes {available_runtimes()[0]} (SIG"),
        (change_input, "m.tflite: "),
        (leave_out_labels, "no labels.txt"),
    ],
)
def test_the_daemon_ends_with_one_line_and_exit_code_78(
    tmp_path: Path, damage: Callable[[Path], None], problem: str
) -> None:
    damage(tmp_path / "m.tflite")
    picture = MEDIA / "faces" / "bryan.png"
    done = run("fer_edge", "--camera", picture, "--mqtt", "none", "--print", "--model", tmp_path / "m.tflite")
    assert_refused(done, "fer-edge: --model ", problem, code=78)
