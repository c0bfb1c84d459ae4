"""A bar for whatever takes long, where somebody watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
CLEAR = "\r\x1b[K"  # back to the start of the line, and nothing behind it
WIDTH = 30  # letters of the bar itself
PAUSE = 0.1  # seconds between two looks of the bar


def bar(items: Iterable[T], what: str, unit: str, total: int | None = None) -> Iterator[T]:
    """The items, with a progress bar on stderr when that is a terminal: tqdm's where it is, on a host; else our own."""
    if not sys.stderr.isatty():
        return iter(items)
    try:
        from tqdm import tqdm
    except ImportError:
        return _plain(items, what, unit, total)
    return iter(tqdm(items, desc=what, unit=unit, total=total, leave=False))


def _plain(items: Iterable[T], what: str, unit: str, total: int | None) -> Iterator[T]:
    due = 0.0
    try:
        for count, item in enumerate(items):
            if time.monotonic() >= due:
                due = time.monotonic() + PAUSE
                sys.stderr.write(f"{CLEAR}{what}: {_look(count, total)} {unit}s")
                sys.stderr.flush()
            yield item
    finally:
        sys.stderr.write(CLEAR)
        sys.stderr.flush()


def _look(count: int, total: int | None) -> str:
    if not total:
        return str(count)
    done = min(WIDTH, WIDTH * count // total)
    return f"[{'#' * done}{' ' * (WIDTH - done)}] {count}/{total}"
