from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from fer_edge.accelerator import open_engine
from fer_edge.config import DEFAULT_MODEL
from fer_edge.modelfile import CARD, LABELS, ModelError, append_entries, read_model, write_model


@pytest.fixture(scope="module")
def graph() -> bytes:
    return read_model(DEFAULT_MODEL).graph


def test_what_is_written_is_read_back(tmp_path: Path, graph: bytes) -> None:
    written = write_model(tmp_path / "m.tflite", graph, ("happy", "sad"), {"name": "two", "crop_margin": 0.1})
    read = read_model(tmp_path / "m.tflite")
    assert read == written
    assert (read.graph, read.labels, read.name, read.crop_margin) == (graph, ("happy", "sad"), "two", 0.1)
    assert read.card["sha256"] == read.sha256


def test_the_same_model_gives_the_same_bytes(tmp_path: Path, graph: bytes) -> None:
    for name in ("a", "b"):
        write_model(tmp_path / name, graph, ("happy", "sad"), {"name": "two"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_runtime_loads_the_file_with_its_archive(tmp_path: Path, graph: bytes) -> None:
    model = write_model(tmp_path / "m.tflite", graph, ("a", "b"), {})
    whole = type(model)(model.path, model.path.read_bytes(), model.labels, model.card)
    assert open_engine(whole).interpreter.get_input_details()[0]["shape"].tolist() == [1, 48, 48, 1]


def test_a_name_is_made_of_the_file_when_the_card_has_none(tmp_path: Path, graph: bytes) -> None:
    write_model(tmp_path / "mine.tflite", graph, ("a", "b"), {})
    assert read_model(tmp_path / "mine.tflite").name == "mine"


def broken(tmp_path: Path, content: bytes, entries: dict[str, str] | None = None) -> Path:
    path = tmp_path / "broken.tflite"
    path.write_bytes(content)
    if entries:
        append_entries(path, entries)
    return path


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"hello", b"\0" * 100):
        with pytest.raises(ModelError, match="not a TFLite model"):
            read_model(broken(tmp_path, content))


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nosuch.*No such file"):
        read_model(tmp_path / "nosuch")
    with pytest.raises(ModelError, match="directory"):
        read_model(tmp_path)


def test_a_model_without_labels_is_refused(tmp_path: Path, graph: bytes) -> None:
    with pytest.raises(ModelError, match=LABELS):
        read_model(broken(tmp_path, graph))
    with pytest.raises(ModelError, match=LABELS):
        read_model(broken(tmp_path, graph, {CARD: "{}"}))


@pytest.mark.parametrize("labels", ["", "alone\n", "twice\ntwice\n"])
def test_labels_must_be_two_different_ones_at_least(tmp_path: Path, graph: bytes, labels: str) -> None:
    with pytest.raises(ModelError, match="at least two classes"):
        read_model(broken(tmp_path, graph, {LABELS: labels}))


@pytest.mark.parametrize("card", ["not json", "[1]"])
def test_a_card_must_be_a_json_object(tmp_path: Path, graph: bytes, card: str) -> None:
    with pytest.raises(ModelError, match=r"fer\.json"):
        read_model(broken(tmp_path, graph, {LABELS: "a\nb\n", CARD: card}))


def test_every_cut_of_the_file_is_noticed(tmp_path: Path) -> None:
    whole = DEFAULT_MODEL.read_bytes()
    for kept in (9, 1000, len(whole) // 2, len(whole) - 100, len(whole) - 1):
        with pytest.raises(ModelError):
            read_model(broken(tmp_path, whole[:kept]))


def test_a_flipped_bit_of_the_graph_is_noticed(tmp_path: Path) -> None:
    whole = bytearray(DEFAULT_MODEL.read_bytes())
    whole[5000] ^= 1
    with pytest.raises(ModelError, match="sha256"):
        read_model(broken(tmp_path, bytes(whole)))


def test_a_flipped_bit_of_the_labels_is_noticed(tmp_path: Path) -> None:
    whole = bytearray(DEFAULT_MODEL.read_bytes())
    with zipfile.ZipFile(DEFAULT_MODEL) as archive:
        info = archive.getinfo(LABELS)
    whole[info.header_offset + 30 + len(LABELS) + 2] ^= 0xFF
    with pytest.raises(ModelError):
        read_model(broken(tmp_path, bytes(whole)))
