"""What systemd is notified of during a run. Runs in a separate process are in test_daemon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.clock import FakeClock
from tests.support.notify_socket import NotifySocket

from fer_edge.monitoring.sd_notify import Notifier
from fer_edge.monitoring.watchdog import READY_TIMEOUT, STATUS_INTERVAL, WATCHDOG_INTERVAL, RunWatchdog


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[NotifySocket]:
    made = NotifySocket(str(tmp_path / "notify"))
    yield made
    made.socket.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def watchdog(tmp_path: Path, systemd: NotifySocket, clock: FakeClock) -> RunWatchdog:
    return RunWatchdog(Notifier(str(tmp_path / "notify"), clock), lambda fps: f"{fps:.0f} fps", clock)


def test_the_first_frame_makes_the_run_ready_once(watchdog: RunWatchdog, systemd: NotifySocket) -> None:
    watchdog.update(frame=False)
    assert "READY=1" not in systemd.received()
    watchdog.update(frame=True)
    watchdog.update(frame=True)
    assert systemd.received().count("READY=1") == 1


def test_a_run_without_a_camera_is_ready_after_a_timeout(
    watchdog: RunWatchdog, systemd: NotifySocket, clock: FakeClock
) -> None:
    clock.advance(READY_TIMEOUT - 1)
    watchdog.update(frame=False)
    assert "READY=1" not in systemd.received()
    clock.advance(1)
    watchdog.update(frame=False)
    assert "READY=1" in systemd.received()


def test_the_loop_sends_one_sign_of_life_per_interval(
    watchdog: RunWatchdog, systemd: NotifySocket, clock: FakeClock
) -> None:
    for _ in range(24):
        watchdog.update(frame=True)
        clock.advance(WATCHDOG_INTERVAL / 8)
    assert systemd.received().count("WATCHDOG=1") == 3
    watchdog.update(frame=False)
    assert systemd.received().count("WATCHDOG=1") == 4


def test_the_status_is_sent_seldom_and_only_when_it_has_changed(
    watchdog: RunWatchdog, systemd: NotifySocket, clock: FakeClock
) -> None:
    rates = [5] * int(3 * STATUS_INTERVAL) + [2] * int(2 * STATUS_INTERVAL)
    for rate in rates:
        for _ in range(rate):
            clock.advance(1 / rate)
            watchdog.update(frame=True)
            systemd.received()
    statuses = [message for message in systemd.received() if message.startswith("STATUS=")]
    assert statuses[0] == "STATUS=5 fps"
    assert statuses[-1] == "STATUS=2 fps"
    assert len(statuses) <= 4


def test_a_run_ends_with_a_stop_or_the_start_of_a_reload(watchdog: RunWatchdog, systemd: NotifySocket) -> None:
    watchdog.end(restarting=False)
    assert systemd.received() == ["STOPPING=1"]
    watchdog.end(restarting=True)
    assert systemd.received()[1].startswith("RELOADING=1\n")
    assert systemd.received()[2] == "WATCHDOG=1"
