"""One file is the whole model: the TFLite graph with labels and card appended as a zip archive.

The graph comes first and is all that a TFLite runtime loads. `labels.txt` (one class a line, in output order) and
`fer.json`, the card (name, version, training data, metrics, sha256 of the graph, crop margin, minimum scores,
temperature), follow it, as in the TFLite metadata convention.
"""

from __future__ import annotations

import hashlib
import io
import json
import stat
import struct
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.errors import ConfigError
from fer_edge.text_file import decode_text

LABELS = "labels.txt"
CARD = "fer.json"
TFLITE_IDENTIFIER = b"TFL3"
MAX_MODEL_SIZE = 256 << 20  # bytes
MAX_ENTRIES = 1000  # of the archive; zipfile needs half a kilobyte for each
ENTRY_SIGNATURE = b"PK\x01\x02"  # begins each entry of the archive's directory
MAX_ENTRY_SIZES = {LABELS: 1 << 16, CARD: 1 << 20}  # bytes; other entries are not read
ENCRYPTED_FLAG = 1  # bit of the flags of a zip entry
READABLE_COMPRESSION = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class ModelError(ConfigError):
    """A model file is unusable."""


def model_error(path: Path, problem: str, cure: str | None = None) -> ModelError:
    """A ModelError about the file `path`, which the setting `model.file` names."""
    return ModelError(f"{path}: {problem}", setting="model.file", cure=cure)


@dataclass(frozen=True)
class ModelFile:
    """The content of a model file.

    Attributes:
        path: Where it was read from or written to.
        graph: The TFLite flatbuffer, without the archive behind it.
        labels: Class names, in output order.
        card: The content of `fer.json`.
    """

    path: Path
    graph: bytes
    labels: tuple[str, ...]
    card: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Hex digest of the graph."""
        return hashlib.sha256(self.graph).hexdigest()

    @property
    def name(self) -> str:
        """The name on its card, else that of the file."""
        return str(self.card.get("name", self.path.stem))

    @property
    def crop_margin(self) -> float:
        """What a crop adds to the detector's box on each side, as a share of its size, 0..1."""
        return float(self.card.get("crop_margin", 0.0))

    @property
    def min_scores(self) -> dict[int, float]:
        """By label index, the probability, 0..1, that an emotion must reach to be reported; of some classes or none."""
        return {self.labels.index(name): float(score) for name, score in self.card.get("min_score", {}).items()}

    @property
    def temperature(self) -> float:
        """What the logits are divided by, above 0; see `fer_edge.inference.temperature`."""
        return float(self.card.get("temperature", 1.0))


def read_model(path: Path) -> ModelFile:
    """Read and check a model file.

    Raises:
        ModelError: The file is not a TFLite model, is damaged, or has no labels.
    """
    model = read_tflite(path)
    if not model.labels:
        raise missing_labels_error(path)
    return model


def missing_labels_error(path: Path) -> ModelError:
    """The error to report of a TFLite model that has no labels, or no longer."""
    cure = f"fer-convert adopt {path} --labels A,B,... appends them"
    return model_error(path, f"no {LABELS} in it, or cut short", cure)


def read_tflite(path: Path) -> ModelFile:
    """Read and check a model file, or a TFLite model of another origin, whose labels are then empty.

    No content can make this hang or use up the memory. Whether the graph is sound is left to the interpreter: see
    `fer_edge.inference.probe`.

    Raises:
        ModelError: The file is not a TFLite model, or is damaged.
    """
    content = read_content(path)
    if content[4:8] != TFLITE_IDENTIFIER:
        raise model_error(
            path,
            "not a TFLite model",
            "fer-convert makes one of a Keras model: quantize of those of fer-train, adopt of others",
        )
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return ModelFile(path, content, (), {})
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = _read_entries(path, archive)
            graph_size = min((info.header_offset for info in archive.infolist()), default=len(content))
    except ModelError:
        raise
    # zipfile raises any of these for a damaged archive.
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError, struct.error) as error:
        raise missing_labels_error(path) from error
    try:
        labels = parse_labels(entries[LABELS]) if LABELS in entries else ()
    except ValueError as error:
        raise model_error(path, f"{LABELS} in it: {error}") from error
    model = ModelFile(path, content[:graph_size], labels, _parse_card(path, entries.get(CARD, b"{}"), labels))
    if model.card.get("sha256", model.sha256) != model.sha256:
        raise model_error(path, "the graph is not the one its card describes (sha256 differs)", "copy the file again")
    return model


def read_content(path: Path) -> bytes:
    """The bytes of a model file. Raises ModelError if it is not a regular file, or too large to be a model."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise model_error(path, "a directory or a device; expected a file")
        if status.st_size > MAX_MODEL_SIZE:
            raise model_error(path, f"{status.st_size >> 20} MiB; expected at most {MAX_MODEL_SIZE >> 20}")
        content = path.read_bytes()
    except OSError as error:
        raise model_error(path, str(error.strerror)) from error
    if (count := content.count(ENTRY_SIGNATURE)) > MAX_ENTRIES:
        raise model_error(path, f"{count} entries in its archive; expected at most {MAX_ENTRIES}")
    return content


def _read_entries(path: Path, archive: zipfile.ZipFile) -> dict[str, bytes]:
    """The labels and the card. Of other entries only the headers are checked."""
    entries: dict[str, bytes] = {}
    for info in archive.infolist():
        limit = MAX_ENTRY_SIZES.get(info.filename, 0)
        if info.filename in entries:
            raise model_error(path, f"{info.filename} is in it twice")
        if limit and (info.flag_bits & ENCRYPTED_FLAG or info.compress_type not in READABLE_COMPRESSION):
            raise model_error(path, f"{info.filename} in it is encrypted or oddly compressed; expected deflate")
        if limit and info.file_size > limit:
            problem = f"{info.filename} in it has {info.file_size} bytes; expected at most {limit}"
            raise model_error(path, problem)
        with archive.open(info) as entry:
            if limit:
                entries[info.filename] = entry.read(limit)  # with no limit it would decompress everything at once
    return entries


def parse_labels(text: bytes) -> tuple[str, ...]:
    """The labels in a text with one a line. Raises ValueError unless it names at least two classes, each once."""
    labels = tuple(line.strip() for line in decode_text(text).splitlines() if line.strip())
    if len(labels) < 2 or len(set(labels)) < len(labels):
        raise ValueError(f"must name at least two classes, each once; it has {', '.join(labels)}")
    return labels


def _parse_card(path: Path, text: bytes, labels: tuple[str, ...]) -> dict[str, Any]:
    try:
        card = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise model_error(path, f"{CARD} in it is not JSON: {error}") from error
    if not isinstance(card, dict):
        raise model_error(path, f"{CARD} in it must be a JSON object")
    if not isinstance(card.get("training", {}), dict):
        raise model_error(path, f"training in its {CARD} must be a JSON object")
    margin = card.get("crop_margin", 0.0)
    if not _is_share(margin):
        raise model_error(path, f"crop_margin in its {CARD} is {margin!r:.40}; expected a number from 0 to 1")
    scores = card.get("min_score", {})
    if not isinstance(scores, dict) or not all(name in labels and _is_share(score) for name, score in scores.items()):
        expected = "its classes, each with a number from 0 to 1"
        raise model_error(path, f"min_score in its {CARD} is {scores!r:.80}; expected {expected}")
    temperature = card.get("temperature", 1.0)
    if not is_temperature(temperature):
        raise model_error(path, f"temperature in its {CARD} is {temperature!r:.40}; expected a number above 0")
    return card


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def is_temperature(value: Any) -> bool:
    """Whether `value` is a finite number above 0."""
    return _is_number(value) and 0 < value <= sys.float_info.max


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def write_model(path: Path, graph: bytes, labels: tuple[str, ...], card: dict[str, Any]) -> ModelFile:
    """Write a model file; its card gets the sha256 of the graph. The same arguments give the same bytes."""
    card = {**card, "sha256": hashlib.sha256(graph).hexdigest()}
    path.write_bytes(graph)
    append_entries(path, {LABELS: "".join(f"{label}\n" for label in labels), CARD: json.dumps(card, indent=2) + "\n"})
    return ModelFile(path, graph, labels, card)


def append_entries(path: Path, entries: dict[str, str]) -> None:
    """Append text files to a zip archive, or as a zip archive to any other file, with a fixed date."""
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, text in entries.items():
            archive.writestr(zipfile.ZipInfo(name), text)
