"""The file that a command writes."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from fer_edge.errors import UsageError
from fer_edge.inference.model_file import ModelFile, write_model


def check_output_file(out: Path) -> None:
    """Raise UsageError unless `out` can be a file: not a folder, and in a folder that exists."""
    if out.is_dir() or not out.parent.is_dir():
        raise UsageError(f"--out {out}: must be a file in an existing folder")


def write_model_file(out: Path, graph: bytes, labels: tuple[str, ...], card: dict[str, Any]) -> ModelFile:
    """Write a model file atomically. Raises UsageError when that fails."""
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        written = write_model(draft, graph, labels, card)
        draft.replace(out)
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
    return dataclasses.replace(written, path=out)
