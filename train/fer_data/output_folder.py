"""The output folder of a command on a data set: never the data set itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_edge.errors import UsageError


def check_outside(data: Path, out: Path) -> None:
    """Raises UsageError when `out` is a file, or is `data` or inside it, where it would be read as part of the data."""
    # Unlike Path.resolve, realpath does not fail on a link to itself.
    real_out, real_data = Path(os.path.realpath(out)), Path(os.path.realpath(data))
    if real_out == real_data:
        raise UsageError(f"--out {out}: is the data itself", cure="give another folder")
    if real_data in real_out.parents:
        raise UsageError(f"--out {out}: lies in {data}", cure="give a folder outside it")
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: is a file", cure="give a folder")


def check_empty(out: Path) -> None:
    """Raises UsageError when `out` is a folder that is not empty, or that cannot be read."""
    try:
        if out.is_dir() and any(out.iterdir()):
            raise UsageError(f"--out {out}: is not empty", cure="give a new folder")
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror}") from error


@contextmanager
def output_folder(out: Path) -> Iterator[None]:
    """Create `out` for the body to write into; raises UsageError when something cannot be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / ".probe").touch()
        (out / ".probe").unlink()
        yield
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror or error}") from error
