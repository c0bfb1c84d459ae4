"""When viewers receive the status: at a regular interval, and soon after a change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.media import WALK
from tests.support.web_daemon import run_async

from fer_edge.cameras.files import VideoFile
from fer_edge.config.model import Config
from fer_edge.daemon import Daemon
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.run.models import Models
from fer_edge.web.hub import Hub
from fer_edge.web.status_reporter import STATUS_INTERVAL, StatusReporter


class RecordingHub(Hub):
    """A hub with one viewer, which records what is broadcast."""

    def __init__(self, daemon: Daemon) -> None:
        super().__init__(daemon.status)
        self.messages: list[dict[str, Any]] = []
        self.viewers.add(None)  # type: ignore[arg-type]  # nothing is sent to it

    def broadcast(self, message: dict[str, Any]) -> None:
        self.messages.append(message)


class Run:
    """A run over the clip whose status is reported."""

    def __init__(self, classifier: EmotionClassifier) -> None:
        self.clock = FakeClock()
        self.daemon = Daemon(
            Config(camera=str(WALK), broker=None), VideoFile(WALK), Models(classifier), clock=self.clock
        )
        self.hub = RecordingHub(self.daemon)
        self.reporter = StatusReporter(self.hub, self.daemon.status.open_health(), change_interval=0.001)

    def report(self, *steps: Callable[[], None]) -> list[int]:
        """Report while each step is taken in turn. Returns the number of messages after each."""

        async def play() -> list[int]:
            reporting, counts = asyncio.create_task(self.reporter.run()), list[int]()
            for step in steps:
                step()
                await asyncio.sleep(0.1)
                counts.append(len(self.hub.messages))
            reporting.cancel()
            with suppress(asyncio.CancelledError):
                await reporting
            return counts

        counts: list[int] = run_async(play())
        return counts


@pytest.fixture
def run(classifier: EmotionClassifier) -> Run:
    return Run(classifier)


def test_the_status_is_sent_at_an_interval(run: Run) -> None:
    wait = lambda: run.clock.advance(STATUS_INTERVAL)  # noqa: E731
    assert run.report(lambda: None, wait, lambda: run.clock.advance(STATUS_INTERVAL / 2), wait) == [1, 2, 2, 3]


def test_a_change_is_sent_at_once(run: Run) -> None:
    def pause() -> None:
        run.daemon.controls.paused = True

    def connect_browser() -> None:
        run.hub.browser_connected = True

    assert run.report(lambda: None, pause, connect_browser) == [1, 2, 3]
    assert [message["camera"] for message in run.hub.messages] == [None, "paused", "paused"]
    assert [message["browser"] for message in run.hub.messages] == [False, False, True]


def test_without_viewers_nothing_is_sent(run: Run) -> None:
    run.hub.viewers.clear()
    assert run.report(lambda: run.clock.advance(10 * STATUS_INTERVAL)) == [0]


def test_the_message_has_state_camera_broker_and_health(run: Run) -> None:
    message = run.reporter.message()
    assert message.keys() == {"type", "state", "camera", "broker", "health", "viewers", "browser"}
    assert (message["type"], message["broker"], message["viewers"]) == ("status", None, 1)
    assert message["state"] == run.daemon.status.state()
