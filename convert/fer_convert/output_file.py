"""The file that a command writes."""

from __future__ import annotations

from pathlib import Path

from fer_edge.errors import UsageError


def check_output_file(out: Path) -> None:
    """Raise UsageError unless `out` can be a file: not a folder, and in a folder that exists."""
    if out.is_dir() or not out.parent.is_dir():
        raise UsageError(f"--out {out}: must be a file in an existing folder")
