from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import WALK, Manager, command, free_port, run, wait_until
from tests.support.mjpeg import MjpegCamera

from fer_edge.monitoring.sd_notify import VARIABLE, Notifier
from fer_edge.monitoring.watchdog import BEAT, FIRST_FRAME, STATUS, RunWatchdog


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(str(tmp_path / "notify"))
    yield made
    made.socket.close()


@pytest.fixture
def watch(tmp_path: Path, manager: Manager, now: list[float]) -> RunWatchdog:
    return RunWatchdog(Notifier(str(tmp_path / "notify")), lambda fps: f"{fps:.0f} fps", lambda: now[0])


@pytest.fixture
def now() -> list[float]:
    return [100.0]


def test_without_a_manager_nothing_is_said() -> None:
    notifier = Notifier(None)
    notifier.tell(ready=1)
    assert not notifier


def test_a_message_is_a_line_for_each_field(tmp_path: Path, manager: Manager) -> None:
    notifier = Notifier(str(tmp_path / "notify"))
    notifier.tell(ready=1, status="two\nlines")
    assert notifier
    assert manager.heard() == ["READY=1\nSTATUS=two lines"]


def test_a_name_in_the_abstract_namespace_is_an_address_too() -> None:
    name = f"fer-edge-test-{os.getpid()}"
    manager = Manager(f"\0{name}")
    Notifier(f"@{name}").tell(stopping=1)
    assert manager.heard() == ["STOPPING=1"]
    manager.socket.close()


def test_a_manager_that_has_gone_or_does_not_listen_is_not_waited_for_for_ever(
    tmp_path: Path, manager: Manager
) -> None:
    Notifier(str(tmp_path / "nobody")).tell(ready=1)
    held = int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text()) + 1
    for _ in range(held + 1):
        Notifier(str(tmp_path / "notify")).tell(watchdog=1)
    assert len(manager.heard()) == held


def test_a_reload_tells_when_it_began(tmp_path: Path, manager: Manager) -> None:
    before = time.monotonic_ns() // 1000
    Notifier(str(tmp_path / "notify")).reloading()
    reloading, stamp = manager.heard()[0].split("\n")
    assert reloading == "RELOADING=1"
    assert before <= int(stamp.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000


def test_the_first_frame_makes_it_ready_once(watch: RunWatchdog, manager: Manager) -> None:
    watch.turn(frame=False)
    assert "READY=1" not in manager.heard()
    watch.turn(frame=True)
    watch.turn(frame=True)
    assert manager.heard().count("READY=1") == 1


def test_a_camera_that_is_away_is_not_waited_for_for_ever(
    watch: RunWatchdog, manager: Manager, now: list[float]
) -> None:
    now[0] += FIRST_FRAME - 1
    watch.turn(frame=False)
    assert "READY=1" not in manager.heard()
    now[0] += 1
    watch.turn(frame=False)
    assert "READY=1" in manager.heard()


def test_each_turn_is_a_sign_of_life_but_not_more_than_one_a_beat(
    watch: RunWatchdog, manager: Manager, now: list[float]
) -> None:
    for _ in range(24):
        watch.turn(frame=True)
        now[0] += BEAT / 8
    assert manager.heard().count("WATCHDOG=1") == 3
    watch.turn(frame=False)
    assert manager.heard().count("WATCHDOG=1") == 4


def test_how_it_fares_is_said_seldom_and_only_when_it_has_changed(
    watch: RunWatchdog, manager: Manager, now: list[float]
) -> None:
    rates = [5] * int(3 * STATUS) + [2] * int(2 * STATUS)
    for rate in rates:
        for _ in range(rate):
            now[0] += 1 / rate
            watch.turn(frame=True)
            manager.heard()
    told = [message for message in manager.heard() if message.startswith("STATUS=")]
    assert told[0] == "STATUS=5 fps"
    assert told[-1] == "STATUS=2 fps"
    assert len(told) <= 4


def test_the_end_is_a_stop_or_the_beginning_of_a_reload(watch: RunWatchdog, manager: Manager) -> None:
    watch.end(restarting=False)
    assert manager.heard() == ["STOPPING=1"]
    watch.end(restarting=True)
    assert manager.heard()[1].startswith("RELOADING=1\n")


def test_a_run_over_a_file_says_that_it_is_ready_lives_and_stops(tmp_path: Path, manager: Manager) -> None:
    notify = {VARIABLE: str(tmp_path / "notify")}
    assert run("fer_edge", "--camera", WALK, "--mqtt", "none", env=notify).code == 0
    heard = manager.heard()
    assert heard[:2] == ["READY=1", "WATCHDOG=1"]
    assert heard[-1] == "STOPPING=1"


def test_a_hangup_is_a_new_start_of_the_service_with_or_without_a_broker(tmp_path: Path, manager: Manager) -> None:
    camera = MjpegCamera()
    away = f"mqtt://127.0.0.1:{free_port()}"
    arguments = command("fer_edge", "--camera", camera.url, "--mqtt", away, "--device", "cam")
    process = subprocess.Popen(arguments, env={**os.environ, VARIABLE: str(tmp_path / "notify")})
    wait_until(lambda: "READY=1" in manager.heard(), 30)
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: manager.heard().count("READY=1") == 2, 30)
    assert any(message.startswith("RELOADING=1\n") for message in manager.heard())
    assert "STOPPING=1" not in manager.heard()
    wait_until(lambda: any("broker" in message for message in manager.heard()), 30)
    status = next(message for message in manager.heard() if message.startswith("STATUS="))
    assert "fps; faces: 0; cpu (" in status
    assert f"; events waiting: 0 (broker {away}: " in status
    process.send_signal(signal.SIGHUP)
    wait_until(lambda: sum(message.startswith("RELOADING=1\n") for message in manager.heard()) == 2)
    process.terminate()  # in the midst of it: the later word counts
    process.wait(20)
    assert manager.heard().count("READY=1") == 2
    camera.stop()


def test_a_hangup_without_a_manager_is_a_stop_in_good_order() -> None:
    camera = MjpegCamera()
    arguments = command("fer_edge", "--camera", camera.url, "--mqtt", "none", "--print")
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE)
    wait_until(lambda: camera.paths, 30)
    process.send_signal(signal.SIGHUP)
    assert process.wait(20) == 0
    camera.stop()
