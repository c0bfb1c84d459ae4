"""A progress bar on a terminal, for device and host."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TextIO, TypeVar

T = TypeVar("T")
CLEAR = "\r\x1b[K"  # return to the start of the line and erase it
WIDTH = 30  # characters of the bar itself
UPDATE_INTERVAL = 0.1  # seconds


def bar(
    items: Iterable[T],
    title: str,
    unit: str,
    total: int | None = None,
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[T]:
    """Yield the items, with a progress bar while it lasts if the stream is a terminal.

    Args:
        items: What to go through.
        title: Text before the bar.
        unit: What an item is, in the singular.
        total: How many items there are; None: as many as `len(items)`, or unknown if that fails.
        stream: Where the bar goes; None for stderr.
        clock: Seconds.
    """
    stream = stream or sys.stderr
    if not stream.isatty():
        return iter(items)
    if total is None and isinstance(items, Sized):
        total = len(items)
    return _with_bar(items, f"{title}: ", f" {unit}s", total, stream, clock)


def _with_bar(
    items: Iterable[T], head: str, tail: str, total: int | None, stream: TextIO, clock: Callable[[], float]
) -> Iterator[T]:
    began = clock()
    due = began
    try:
        for count, item in enumerate(items):
            now = clock()
            if now >= due:
                due = now + UPDATE_INTERVAL
                stream.write(f"{CLEAR}{head}{_render(count, total)}{tail}{_remaining(count, total, now - began)}")
                stream.flush()
            yield item
    finally:
        stream.write(CLEAR)
        stream.flush()


def _render(count: int, total: int | None) -> str:
    if not total:
        return str(count)
    filled = min(WIDTH, WIDTH * count // total)
    return f"[{'#' * filled}{' ' * (WIDTH - filled)}] {count}/{total}"


def _remaining(count: int, total: int | None, elapsed: float) -> str:
    """The estimated time to the end; `elapsed` in seconds."""
    if not total or not 0 < count < total:
        return ""
    minutes, seconds = divmod(round(elapsed * (total - count) / count), 60)
    return f", {minutes}:{seconds:02} left"
