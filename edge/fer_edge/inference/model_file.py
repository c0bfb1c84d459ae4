"""One file is the whole model: the TFLite graph with labels and card appended as a zip archive.

The graph comes first and is what every TFLite runtime loads; `labels.txt` (one class a line, in output order) and
`fer.json` (name, version, training data, metrics, sha256 of the graph, crop margin) follow it, as in the TFLite
metadata convention.
"""

from __future__ import annotations

import hashlib
import io
import json
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.errors import ConfigError, UsageError

LABELS = "labels.txt"
CARD = "fer.json"
TRAINING_CARD = "training.json"  # in the model.keras of fer-train: what it was trained on
TFLITE_IDENTIFIER = b"TFL3"
MOST_BYTES = 256 << 20  # of a model file
MOST_TEXT = {LABELS: 1 << 16, CARD: 1 << 20}  # bytes of an entry
ENCRYPTED = 1  # among the flags of a zip entry


class ModelError(ConfigError):
    """A model file that cannot be used."""


@dataclass(frozen=True)
class ModelFile:
    """What a model file holds. `graph` is the TFLite flatbuffer, without the archive behind it."""

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
        """How much of the detector's box, on each side and as a share of its size, is added to the crop."""
        return float(self.card.get("crop_margin", 0.0))


def read_model(path: Path) -> ModelFile:
    """Read and check a model file. Raises ModelError when it is no TFLite model, damaged, or has no labels.

    Nothing in the file can make this read without end or fill the memory. Whether the graph is sound is for the
    interpreter to find out: see probe.
    """
    content = read_content(path)
    if content[4:8] != TFLITE_IDENTIFIER:
        raise ModelError(f"model {path}: not a TFLite model; expected a file made by fer-convert quantize")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = _entries(path, archive)
            size = min(info.header_offset for info in archive.infolist())
    except ModelError:
        raise
    # zipfile lets all of these through when the archive is damaged.
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError, struct.error) as error:
        raise ModelError(f"model {path}: no {LABELS} in it, or cut short; fer-convert quantize appends it") from error
    if LABELS not in entries:
        raise ModelError(f"model {path}: no {LABELS} in it; fer-convert quantize appends it")
    labels = tuple(line.strip() for line in entries[LABELS].decode(errors="replace").splitlines() if line.strip())
    if len(labels) < 2 or len(set(labels)) < len(labels):
        raise ModelError(
            f"model {path}: {LABELS} must name at least two classes, each once; it has {', '.join(labels)}"
        )
    model = ModelFile(path, content[:size], labels, _card(path, entries.get(CARD, b"{}")))
    if model.card.get("sha256", model.sha256) != model.sha256:
        raise ModelError(f"model {path}: the graph is not the one its card describes (sha256 differs); copy it again")
    return model


def read_content(path: Path) -> bytes:
    """The bytes of a model file. Raises ModelError when it is no regular file, or too large to be one."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ModelError(f"model {path}: a directory or a device; expected a file")
        if status.st_size > MOST_BYTES:
            raise ModelError(f"model {path}: {status.st_size >> 20} MiB; expected at most {MOST_BYTES >> 20}")
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"model {path}: {error.strerror}") from error


def _entries(path: Path, archive: zipfile.ZipFile) -> dict[str, bytes]:
    """The entries of the archive that are ours; of the others only the header is looked at."""
    entries: dict[str, bytes] = {}
    for info in archive.infolist():
        most = MOST_TEXT.get(info.filename, 0)
        if info.filename in entries:
            raise ModelError(f"model {path}: {info.filename} is in it twice")
        if most and (
            info.flag_bits & ENCRYPTED or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        ):
            raise ModelError(f"model {path}: {info.filename} in it is encrypted or oddly compressed; expected deflate")
        if most and info.file_size > most:
            raise ModelError(f"model {path}: {info.filename} in it has {info.file_size} bytes; expected at most {most}")
        with archive.open(info) as entry:
            if most:
                entries[info.filename] = entry.read(most)  # without a number it would expand all there is first
    return entries


def _card(path: Path, text: bytes) -> dict[str, Any]:
    try:
        card = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"model {path}: {CARD} in it is no JSON: {error}") from error
    if not isinstance(card, dict):
        raise ModelError(f"model {path}: {CARD} in it must be a JSON object")
    if not isinstance(card.get("training", {}), dict):
        raise ModelError(f"model {path}: training in its {CARD} must be a JSON object")
    margin = card.get("crop_margin", 0.0)
    if isinstance(margin, bool) or not isinstance(margin, int | float) or not 0 <= margin <= 1:
        raise ModelError(f"model {path}: crop_margin in its {CARD} is {margin!r:.40}; expected a number from 0 to 1")
    return card


def write_model(path: Path, graph: bytes, labels: tuple[str, ...], card: dict[str, Any]) -> ModelFile:
    """Write a model file; the card gets the graph's sha256. The same arguments give the same bytes."""
    card = {**card, "sha256": hashlib.sha256(graph).hexdigest()}
    path.write_bytes(graph)
    append_entries(path, {LABELS: "".join(f"{label}\n" for label in labels), CARD: json.dumps(card, indent=2) + "\n"})
    return ModelFile(path, graph, labels, card)


def read_trained(path: Path) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The labels of a model.keras of `fer-train fit`, and what it was trained on.

    Raises UsageError when the file is no Keras model of this project's making.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return tuple(archive.read(LABELS).decode().split("\n")[:-1]), json.loads(archive.read(TRAINING_CARD))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise UsageError(f"{path}: not a model of fer-train fit: {error}") from error


def append_entries(path: Path, entries: dict[str, str]) -> None:
    """Append text files to an archive, or as an archive to any other file, with a fixed date."""
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, text in entries.items():
            archive.writestr(zipfile.ZipInfo(name), text)
