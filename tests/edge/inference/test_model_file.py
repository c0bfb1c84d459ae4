from __future__ import annotations

import contextlib
import os
import struct
import tracemalloc
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.models import write_bomb

from fer_edge.config.model import DEFAULT_MODEL
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import (
    CARD,
    LABELS,
    MAX_ENTRIES,
    ModelError,
    append_entries,
    read_model,
    read_tflite,
    write_model,
)


@pytest.fixture(scope="module")
def graph() -> bytes:
    return read_model(DEFAULT_MODEL).graph


def test_a_model_file_is_read_as_it_was_written(tmp_path: Path, graph: bytes) -> None:
    written = write_model(tmp_path / "m.tflite", graph, ("happy", "sad"), {"name": "two", "crop_margin": 0.1})
    read = read_model(tmp_path / "m.tflite")
    assert read == written
    assert (read.graph, read.labels, read.name, read.crop_margin) == (graph, ("happy", "sad"), "two", 0.1)
    assert read.card["sha256"] == read.sha256


def test_the_same_model_is_written_as_the_same_bytes(tmp_path: Path, graph: bytes) -> None:
    for name in ("a", "b"):
        write_model(tmp_path / name, graph, ("happy", "sad"), {"name": "two"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_runtime_loads_the_file_with_its_archive(tmp_path: Path, graph: bytes) -> None:
    model = write_model(tmp_path / "m.tflite", graph, ("a", "b"), {})
    with_archive = replace(model, graph=model.path.read_bytes())
    assert open_engine(with_archive).interpreter.get_input_details()[0]["shape"].tolist() == [1, 48, 48, 1]


def test_without_a_name_on_the_card_the_name_is_that_of_the_file(tmp_path: Path, graph: bytes) -> None:
    write_model(tmp_path / "mine.tflite", graph, ("a", "b"), {})
    assert read_model(tmp_path / "mine.tflite").name == "mine"


def broken(tmp_path: Path, content: bytes, entries: dict[str, str] | None = None) -> Path:
    """Write a file with this content, and with these entries in an archive behind it."""
    path = tmp_path / "broken.tflite"
    path.write_bytes(content)
    if entries:
        append_entries(path, entries)
    return path


def test_a_file_that_is_not_a_model_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"hello", b"\0" * 100):
        with pytest.raises(ModelError, match="not a TFLite model"):
            read_model(broken(tmp_path, content))


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
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
def test_at_least_two_different_labels_are_required(tmp_path: Path, graph: bytes, labels: str) -> None:
    with pytest.raises(ModelError, match="at least two classes"):
        read_model(broken(tmp_path, graph, {LABELS: labels}))


def test_labels_may_begin_with_a_byte_order_mark_and_must_be_utf_8(tmp_path: Path, graph: bytes) -> None:
    assert read_model(broken(tmp_path, graph, {LABELS: "\ufeffhappy\r\n\r\n  sad \r\n"})).labels == ("happy", "sad")
    path = broken(tmp_path, graph)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(LABELS, "happy\nsad\n".encode("utf-16"))
    with pytest.raises(ModelError, match=r"labels\.txt in it: UTF-16 text .*; save it as UTF-8"):
        read_model(path)


def test_a_model_of_another_origin_is_read_without_labels(tmp_path: Path, graph: bytes) -> None:
    assert read_tflite(broken(tmp_path, graph)).graph == graph
    other = read_tflite(broken(tmp_path, graph, {"labelmap.txt": "happy\nsad\n"}))
    assert (other.graph, other.labels) == (graph, ())


@pytest.mark.parametrize("card", ["not json", "[1]", '{"training": "by hand"}'])
def test_a_card_must_be_a_json_object(tmp_path: Path, graph: bytes, card: str) -> None:
    with pytest.raises(ModelError, match=r"fer\.json"):
        read_model(broken(tmp_path, graph, {LABELS: "a\nb\n", CARD: card}))


@pytest.mark.parametrize("margin", ['"0.1"', "null", "true", "-0.1", "2", "NaN", "Infinity", "1e999", "[0]"])
def test_a_crop_margin_outside_0_to_1_is_refused(tmp_path: Path, graph: bytes, margin: str) -> None:
    with pytest.raises(ModelError, match=r"crop_margin in its fer\.json .* expected a number from 0 to 1"):
        read_model(broken(tmp_path, graph, {LABELS: "a\nb\n", CARD: f'{{"crop_margin": {margin}}}'}))


def test_minimum_scores_are_read_by_class(tmp_path: Path, graph: bytes) -> None:
    labels = ("happy", "sad", "fear")
    assert write_model(tmp_path / "old.tflite", graph, labels, {}).min_scores == {}
    write_model(tmp_path / "m.tflite", graph, labels, {"min_score": {"fear": 0.75, "happy": 1}})
    assert read_model(tmp_path / "m.tflite").min_scores == {2: 0.75, 0: 1.0}


@pytest.mark.parametrize(
    "scores", ['{"bored": 0.5}', '{"a": 1.5}', '{"a": "0.5"}', '{"a": true}', '{"a": NaN}', "0.5", "[0.5, 0.5]", "null"]
)
def test_minimum_scores_of_other_classes_or_ranges_are_refused(tmp_path: Path, graph: bytes, scores: str) -> None:
    with pytest.raises(
        ModelError, match=r"min_score in its fer\.json .* expected its classes, each with a number from 0"
    ):
        read_model(broken(tmp_path, graph, {LABELS: "a\nb\n", CARD: f'{{"min_score": {scores}}}'}))


def test_the_temperature_is_read_from_the_card(tmp_path: Path, graph: bytes) -> None:
    assert write_model(tmp_path / "m.tflite", graph, ("a", "b"), {}).temperature == 1
    write_model(tmp_path / "m.tflite", graph, ("a", "b"), {"temperature": 0.85})
    assert read_model(tmp_path / "m.tflite").temperature == 0.85


@pytest.mark.parametrize("value", ['"1"', "null", "true", "0", "-1", "NaN", "Infinity", "1e999", "[1]", "9" * 400])
def test_a_temperature_that_is_not_a_finite_number_above_0_is_refused(tmp_path: Path, graph: bytes, value: str) -> None:
    path = broken(tmp_path, graph, {LABELS: "a\nb\n", CARD: f'{{"temperature": {value}}}'})
    with pytest.raises(ModelError, match=r"temperature in its fer\.json is .+; expected a number above 0$") as raised:
        read_model(path)
    assert raised.value.setting == "model.file"


def test_a_card_with_a_hundred_thousand_brackets_is_refused(tmp_path: Path, graph: bytes) -> None:
    with pytest.raises(ModelError, match="not JSON"):
        read_model(broken(tmp_path, graph, {LABELS: "a\nb\n", CARD: "[" * 100_000}))


BOMB = "a" * (200 << 20)


def test_a_zip_bomb_is_refused_by_the_size_in_its_header(tmp_path: Path, graph: bytes) -> None:
    path = write_bomb(tmp_path / "bomb.tflite", graph, {LABELS: BOMB})
    with memory_limit(10 << 20), pytest.raises(ModelError, match=f"{LABELS} in it has {len(BOMB)} bytes; expected"):
        read_model(path)


def test_a_zip_bomb_with_a_wrong_size_in_its_header_is_not_decompressed(tmp_path: Path, graph: bytes) -> None:
    path = write_bomb(tmp_path / "bomb.tflite", graph, {LABELS: BOMB})
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", len(BOMB)), struct.pack("<I", 12)))
    with memory_limit(10 << 20), pytest.raises(ModelError, match="cut short"):
        read_model(path)


def test_an_archive_of_a_great_many_entries_is_refused_before_it_is_opened(tmp_path: Path, graph: bytes) -> None:
    path = broken(tmp_path, graph, {LABELS: "a\nb\n"} | {f"{number}.txt": "" for number in range(MAX_ENTRIES)})
    with pytest.raises(ModelError, match=f"{MAX_ENTRIES + 1} entries in its archive; expected at most {MAX_ENTRIES}"):
        read_model(path)


@contextlib.contextmanager
def memory_limit(limit: int) -> Iterator[None]:
    """Fail when the block allocates more than `limit` bytes."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_methods_are_refused(tmp_path: Path, graph: bytes, method: int) -> None:
    path = broken(tmp_path, graph)
    with zipfile.ZipFile(path, "a", method) as archive:
        archive.writestr(LABELS, "a\nb\n")
    with pytest.raises(ModelError, match="oddly compressed"):
        read_model(path)


def test_an_encrypted_entry_is_refused(tmp_path: Path, graph: bytes) -> None:
    path = broken(tmp_path, graph, {LABELS: "a\nb\n"})
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="encrypted"):
        read_model(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_with_labels_are_refused(tmp_path: Path, graph: bytes) -> None:
    path = broken(tmp_path, graph, {LABELS: "a\nb\n"})
    append_entries(path, {LABELS: "b\na\n"})
    with pytest.raises(ModelError, match=r"labels\.txt is in it twice"):
        read_model(path)


def test_devices_pipes_and_huge_files_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe"):
        with pytest.raises(ModelError, match="expected a file"):
            read_model(path)
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ModelError, match="1048576 MiB; expected at most 256"):
        read_model(tmp_path / "sparse")


def test_a_changed_byte_of_the_labels_is_refused(tmp_path: Path) -> None:
    content = bytearray(DEFAULT_MODEL.read_bytes())
    with zipfile.ZipFile(DEFAULT_MODEL) as archive:
        info = archive.getinfo(LABELS)
    content[info.header_offset + 30 + len(LABELS) + 2] ^= 0xFF
    with pytest.raises(ModelError):
        read_model(broken(tmp_path, bytes(content)))
