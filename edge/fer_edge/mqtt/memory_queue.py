"""Events in memory, oldest first, within a limit."""

from __future__ import annotations

from collections import deque
from itertools import islice

from fer_edge.mqtt.outbox_store import Limit, Row


class MemoryQueue:
    """A queue of numbered events that drops the oldest ones beyond its limit. The caller holds a lock."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._rows: deque[Row] = deque()
        self._size = 0  # bytes of the payloads

    def __len__(self) -> int:
        return len(self._rows)

    def append(self, row: Row) -> int:
        """Add an event with a higher number than any before. Returns how many events were dropped for it."""
        self._rows.append(row)
        self._size += _size(row)
        return self._trim()

    def take(self, count: int) -> list[Row]:
        """Remove and return the oldest events, at most `count`."""
        rows = [self._rows.popleft() for _ in range(min(count, len(self._rows)))]
        self._size -= sum(map(_size, rows))
        return rows

    def give_back(self, rows: list[Row]) -> int:
        """Put events returned by `take` back in front. Returns how many events were dropped for them."""
        self._rows.extendleft(reversed(rows))
        self._size += sum(map(_size, rows))
        return self._trim()

    def remove(self, number: int) -> bool:
        """Remove the event of this number. Returns whether it was there."""
        for index, row in enumerate(self._rows):
            if row.number == number:
                del self._rows[index]
                self._size -= _size(row)
                return True
            if row.number > number:
                break
        return False

    def after(self, number: int, count: int) -> list[Row]:
        """At most `count` events with a higher number than this, oldest first."""
        return list(islice((row for row in self._rows if row.number > number), count))

    def _trim(self) -> int:
        dropped = 0
        while not self._limit.allows(len(self._rows), self._size):
            self._size -= _size(self._rows.popleft())
            dropped += 1
        return dropped


def _size(row: Row) -> int:
    return len(row.payload.encode())
