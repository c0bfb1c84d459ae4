"""The queue of events in memory."""

from __future__ import annotations

from fer_edge.mqtt.memory_queue import MemoryQueue
from fer_edge.mqtt.outbox_store import Limit, Row


def filled(limit: Limit, count: int = 3) -> MemoryQueue:
    queue = MemoryQueue(limit)
    for number in range(1, count + 1):
        queue.append(Row(number, f"é{number}"))  # three bytes each
    return queue


def numbers(queue: MemoryQueue) -> list[int]:
    return [row.number for row in queue.after(0, 100)]


def test_events_are_returned_after_a_number_and_up_to_a_count() -> None:
    queue = filled(Limit(10, 100), 5)
    assert queue.after(2, 2) == [Row(3, "é3"), Row(4, "é4")]
    assert len(queue) == 5


def test_the_oldest_events_beyond_the_number_or_size_are_dropped_and_counted() -> None:
    for limit in (Limit(3, 100), Limit(10, 9)):
        queue = filled(limit)
        assert queue.append(Row(4, "é4")) == 1
        assert numbers(queue) == [2, 3, 4]


def test_taken_events_come_back_in_front_and_are_dropped_if_there_is_no_room() -> None:
    queue = filled(Limit(3, 100))
    taken = queue.take(2)
    assert ([row.number for row in taken], numbers(queue)) == ([1, 2], [3])
    queue.append(Row(4, "é4"))
    assert queue.give_back(taken) == 1
    assert numbers(queue) == [2, 3, 4]


def test_an_event_is_removed_by_its_number() -> None:
    queue = filled(Limit(10, 100))
    assert queue.remove(2)
    assert not queue.remove(2)
    assert not queue.remove(99)
    assert numbers(queue) == [1, 3]


def test_an_event_that_leaves_makes_room() -> None:
    queue = filled(Limit(10, 9))
    queue.remove(1)
    assert queue.append(Row(4, "é4")) == 0
    assert queue.take(10)
    assert queue.append(Row(5, "é5é5é5")) == 0
