from __future__ import annotations

import threading

import pytest

from fer_edge.cameras.mailbox import Mailbox


def test_a_new_item_replaces_the_one_that_was_not_taken() -> None:
    box = Mailbox[str]()
    assert [box.put("a"), box.put("b"), box.put("c")] == [None, "a", "b"]
    assert box.replaced == 2
    assert [box.take(0), box.take(0)] == ["c", None]


def test_a_reader_that_waits_gets_the_item_at_once() -> None:
    box = Mailbox[str]()
    writer = threading.Timer(0.02, box.put, ("a",))
    writer.start()
    assert box.take(10) == "a"
    writer.join(10)


def test_a_failure_is_raised_after_the_last_item_and_wakes_a_waiting_reader() -> None:
    box = Mailbox[str]()
    box.put("last")
    box.fail(OSError("gone"))
    assert box.take(0) == "last"
    with pytest.raises(OSError, match="gone"):
        box.take(0)
    other = Mailbox[str]()
    writer = threading.Timer(0.02, other.fail, (OSError("gone"),))
    writer.start()
    with pytest.raises(OSError, match="gone"):
        other.take(10)
    writer.join(10)
