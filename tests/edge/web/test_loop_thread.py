"""A coroutine in its own thread: its start, its end and its failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fer_edge.web.loop_thread import LoopThread

TIMEOUT = 10.0  # seconds


async def wait_for_stop(ready: Callable[[], None], stop: asyncio.Event) -> None:
    ready()
    await stop.wait()


async def fail_before_ready(ready: Callable[[], None], stop: asyncio.Event) -> None:
    raise RuntimeError("out of order")


async def never_ready(ready: Callable[[], None], stop: asyncio.Event) -> None:
    await stop.wait()


def test_a_coroutine_runs_until_it_is_stopped() -> None:
    thread = LoopThread(wait_for_stop, "test")
    assert not thread.is_running
    thread.start(TIMEOUT)
    assert thread.is_running
    thread.stop(TIMEOUT)
    assert not thread.is_running
    assert thread.error is None
    thread.stop(TIMEOUT)  # again does no harm


def test_a_coroutine_that_fails_is_not_waited_for() -> None:
    thread = LoopThread(fail_before_ready, "test")
    thread.start(TIMEOUT)
    assert not thread.is_running
    assert str(thread.error) == "out of order"


def test_a_coroutine_that_is_never_ready_is_not_running() -> None:
    thread = LoopThread(never_ready, "test")
    thread.start(timeout=0.05)
    assert not thread.is_running
    thread.stop(TIMEOUT)
