"""What `fer-train fit` adds to a Keras model: its labels, and what it was trained on."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

from fer_edge.errors import UsageError
from fer_edge.inference.model_file import LABELS

KERAS_MODEL = "model.keras"  # in the folder of a run
TRAINING_CARD = "training.json"  # entry of model.keras, beside LABELS
TEMPERATURE = "temperature"  # key of that card, and of the card of a model file; 1 if it is missing


def find_trained(path: Path) -> Path:
    """The model.keras of a run, if `path` is its folder; otherwise `path`. Raises UsageError if the folder has none."""
    if not path.is_dir():
        return path
    file = path / KERAS_MODEL
    if not file.exists():
        raise UsageError(
            f"{path}: no {KERAS_MODEL} in this folder", cure="give the folder of a finished run, or a model"
        )
    return file


def read_trained(path: Path) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Read the labels and the training card of a model.keras.

    Returns:
        The class names, in output order, and the card.

    Raises:
        UsageError: `fer-train fit` did not write the file, or it is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():
                raise zipfile.BadZipFile(f"{damaged} in it is damaged")
            return tuple(archive.read(LABELS).decode().split("\n")[:-1]), json.loads(archive.read(TRAINING_CARD))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, KeyError, ValueError) as error:
        cure = "fer-convert adopt takes a model of another origin"
        raise UsageError(f"{path}: not a model of fer-train fit ({error})", cure=cure) from error
