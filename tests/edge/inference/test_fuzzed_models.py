"""Whatever a model file holds, the daemon says one line and ends with 78: it never dies of it and never hangs.

What the archive and the sums reveal, `read_model` refuses. The rest, a graph that is wild and has the right sum, or
none, is tried in a child process first: some of the graphs here kill it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support import MEDIA, run
from tests.support.models import changed, endless_graph, schema, write_bomb

from fer_edge.config.model import MODELS
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.model_file import CARD, LABELS, ModelError, ModelFile, append_entries, read_model, write_model
from fer_edge.inference.selection import Platform, select_engine

NANO = MODELS / "nano.tflite"
WHOLE, MODEL = NANO.read_bytes(), read_model(NANO)


def refused(path: Path, content: bytes) -> bool:
    """Whether the file is refused; if it is not, it must say the same as before."""
    path.write_bytes(content)
    try:
        model = read_model(path)
    except ModelError as error:
        said = str(error)
    else:
        said = ""
        assert (model.graph, model.labels, model.card) == (MODEL.graph, MODEL.labels, MODEL.card)
    assert said.startswith(f"{path}: ") or not said
    assert "\n" not in said
    return bool(said)


def test_a_file_that_is_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    for fiftieth in range(50):
        assert refused(tmp_path / "m.tflite", WHOLE[: len(WHOLE) * fiftieth // 50]), fiftieth


@pytest.mark.parametrize("start", [0, len(MODEL.graph)], ids=["anywhere", "in the archive"])
def test_a_changed_byte_is_noticed_or_changes_nothing(tmp_path: Path, start: int) -> None:
    rng = np.random.default_rng(start)
    noticed = 0
    for _ in range(250):
        content = bytearray(WHOLE)
        content[rng.integers(start, len(content))] ^= rng.integers(1, 256)
        noticed += refused(tmp_path / "m.tflite", bytes(content))
    assert noticed >= 200  # the rest are dates and permissions of the archive


def test_every_changed_byte_of_the_graph_is_noticed(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    for _ in range(100):
        content = bytearray(WHOLE)
        content[rng.integers(len(MODEL.graph))] ^= rng.integers(1, 256)
        assert refused(tmp_path / "m.tflite", bytes(content))


# Graphs with the right sum


def swap_inputs(subgraph: Any) -> None:
    convolution = subgraph.operators[3]
    convolution.inputs = list(reversed(convolution.inputs))


def swap_ends(subgraph: Any) -> None:
    subgraph.inputs, subgraph.outputs = subgraph.outputs, subgraph.inputs


def read_from(operator: Any, index: int) -> None:
    operator.inputs = [index, *operator.inputs[1:]]


def point_nowhere(subgraph: Any) -> None:
    read_from(subgraph.operators[3], 9999)


def scale_of_nothing(subgraph: Any) -> None:
    """Kills ai-edge-litert by SIGSEGV and tflite-runtime by SIGABRT."""
    for operator in subgraph.operators:
        subgraph.tensors[operator.outputs[0]].quantization.scale = [0.0]


def reads_what_comes_later(subgraph: Any) -> None:
    """Kills tflite-runtime by SIGFPE."""
    read_from(subgraph.operators[3], subgraph.operators[5].outputs[0])


def of_the_input(**fields: Any) -> Callable[[Any], None]:
    def change(subgraph: Any) -> None:
        for name, value in fields.items():
            setattr(subgraph.tensors[subgraph.inputs[0]], name, value)

    return change


GRAPHS = {
    "swapped inputs": changed(MODEL.graph, swap_inputs),
    "swapped ends": changed(MODEL.graph, swap_ends),
    "pointing nowhere": changed(MODEL.graph, point_nowhere),
    "scale of nothing": changed(MODEL.graph, scale_of_nothing),
    "reads what comes later": changed(MODEL.graph, reads_what_comes_later),
    "another side": changed(MODEL.graph, of_the_input(shape=[1, 48, 47, 1])),
    "three channels": changed(MODEL.graph, of_the_input(shape=[1, 48, 48, 3])),
    "no pixels": changed(MODEL.graph, of_the_input(shape=[1, 0, 0, 1])),
    "ten gigabytes": changed(MODEL.graph, of_the_input(shape=[1, 100_000, 100_000, 1])),
    "float": changed(MODEL.graph, of_the_input(type=schema.TensorType.FLOAT32)),
    "text": changed(MODEL.graph, of_the_input(type=schema.TensorType.STRING)),
    "zeros": WHOLE[:8] + bytes(1000),
    "root nowhere": b"\xf0\xff\xff\x7f" + MODEL.graph[4:],
}


def opened(path: Path, timeout: int = 20) -> EmotionClassifier:
    """As the daemon opens it."""
    selection = select_engine(path, platform=Platform(timeout=timeout))
    classifier = EmotionClassifier(selection.model, selection.engine)
    classifier.warm_up()
    return classifier


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_a_wild_graph_of_the_right_sum_is_refused(tmp_path: Path, graph: bytes) -> None:
    write_model(tmp_path / "m.tflite", graph, MODEL.labels, {})
    with pytest.raises(ModelError, match=r"m\.tflite: "):
        opened(tmp_path / "m.tflite")


def test_a_graph_without_an_end_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path / "m.tflite", endless_graph(), MODEL.labels, {})
    with pytest.raises(ModelError, match=r"hangs in \S+ \(no answer within 4 s\)"):
        opened(tmp_path / "m.tflite", timeout=4)


@pytest.mark.parametrize("labels", [MODEL.labels[:-1], (*MODEL.labels, "bored")], ids=["too few", "too many"])
def test_labels_of_another_number_than_the_output_are_refused(tmp_path: Path, labels: tuple[str, ...]) -> None:
    write_model(tmp_path / "m.tflite", MODEL.graph, labels, {})
    with pytest.raises(ModelError, match=f"but it has {len(labels)} labels"):
        opened(tmp_path / "m.tflite")


def without_card(path: Path, graph: bytes) -> ModelFile:
    """A model file that has no sum."""
    path.write_bytes(graph)
    append_entries(path, {LABELS: "".join(f"{label}\n" for label in MODEL.labels)})
    return read_model(path)


def test_changed_bytes_that_no_sum_reveals_are_survived(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    refusals = 0
    for number in range(16):
        graph = bytearray(MODEL.graph)
        for _ in range(3):  # among the offsets and tables: the weights in between may be anything
            place = rng.integers(8, 4000) if rng.random() < 0.5 else rng.integers(-9000, 0)
            graph[place] ^= rng.integers(1, 256)
        path = tmp_path / f"{number}.tflite"
        without_card(path, bytes(graph))
        try:
            classifier = opened(path, timeout=5)
            assert classifier.labels == MODEL.labels
        except ModelError:
            refusals += 1
    assert refusals >= 4


# The daemon


def cut(path: Path) -> None:
    path.write_bytes(WHOLE[: len(WHOLE) // 2])


def flip(path: Path) -> None:
    content = bytearray(WHOLE)
    content[5000] ^= 1
    path.write_bytes(content)


def bomb(path: Path) -> None:
    write_bomb(path, MODEL.graph, {LABELS: "a" * (100 << 20), CARD: "{}"})


def wild(path: Path) -> None:
    write_model(path, GRAPHS["scale of nothing"], MODEL.labels, {})


def float_input(path: Path) -> None:
    write_model(path, GRAPHS["float"], MODEL.labels, {})


def no_labels(path: Path) -> None:
    path.write_bytes(MODEL.graph)
    append_entries(path, {CARD: "{}"})


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (cut, "cut short"),
        (flip, "sha256 differs"),
        (bomb, "labels.txt in it has 104857600 bytes"),
        (wild, "crashes ai-edge-litert (SIG"),
        (float_input, "m.tflite: "),
        (no_labels, "no labels.txt"),
    ],
)
def test_the_daemon_says_one_line_and_ends_with_78(
    tmp_path: Path, damage: Callable[[Path], None], complaint: str
) -> None:
    damage(tmp_path / "m.tflite")
    picture = MEDIA / "faces" / "bryan.png"
    done = run("fer_edge", "--camera", picture, "--mqtt", "none", "--print", "--model", tmp_path / "m.tflite")
    assert (done.code, done.out) == (78, "")
    (line,) = (line for line in done.err.splitlines() if not line.startswith("INFO: "))
    assert line.startswith("fer-edge: --model ")
    assert complaint in line
