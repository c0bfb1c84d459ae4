"""Hands the newest item of one thread to another."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds one item: a new one replaces an older one that was not read yet.

    Attributes:
        replaced: How many items were replaced.
    """

    def __init__(self) -> None:
        self.replaced = 0
        self._changed = threading.Condition()
        self._item: T | None = None
        self._error: Exception | None = None

    def put(self, item: T) -> T | None:
        """Store an item. Returns the one that it replaces."""
        with self._changed:
            replaced, self._item = self._item, item
            self.replaced += replaced is not None
            self._changed.notify()
        return replaced

    def take(self, timeout: float) -> T | None:
        """Remove and return the item, or None when none arrives within `timeout` seconds.

        Raises the error of `fail` when there are no more items.
        """
        with self._changed:
            if self._item is None and self._error is None:
                self._changed.wait(timeout)
            item, self._item = self._item, None
            if item is None and self._error:
                raise self._error
            return item

    def fail(self, error: Exception) -> None:
        """Announce that no more items will come, and why. A thread that waits in `take` is woken."""
        with self._changed:
            self._error = error
            self._changed.notify()
