"""The output folder of a command on a data set: never the data set itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_edge.errors import UsageError


def check_outside(data: Path, out: Path) -> None:
    """Raises UsageError when `out` is a file, or is `data` or inside it, where it would be read as part of the data."""
    if out.resolve() == data.resolve():
        raise UsageError(f"--out {out}: is the data itself", cure="give another folder")
    if data.resolve() in out.resolve().parents:
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
