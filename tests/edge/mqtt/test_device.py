"""The MQTT side of a run: when it publishes, and a real daemon with a network camera at a real broker."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.support.clock import FakeClock
from tests.support.commands import FakePipeline, FakePublisher
from tests.support.daemon_process import DaemonProcess
from tests.support.media import MEDIA
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.processes import run
from tests.support.small_disk import run_on_disk
from tests.support.waiting import wait_until

from fer_edge.config.model import Config
from fer_edge.mqtt.device import FIRST_HEALTH, HEALTH_INTERVAL, HealthReporter, Session, StateReporter
from fer_edge.mqtt.run_settings import STATE_INTERVAL
from fer_edge.run.controls import RunControls


def state(score: float | None, faces: int = 1) -> dict[str, Any]:
    return {"faces": faces, "emotion": "happy", "score": score, "paused": False}


def test_a_score_alone_is_published_at_an_interval_and_anything_else_at_once() -> None:
    clock, publisher = FakeClock(), FakePublisher()
    reporter = StateReporter(publisher, clock.monotonic)  # type: ignore[arg-type]
    reporter.update(state(0.5), STATE_INTERVAL)
    reporter.update(state(0.6), STATE_INTERVAL)
    clock.advance(STATE_INTERVAL / 2)
    reporter.update(state(0.7), STATE_INTERVAL)
    assert publisher.retained == [("state", state(0.5))]
    reporter.update(state(0.7, faces=2), STATE_INTERVAL)
    clock.advance(STATE_INTERVAL)
    reporter.update(state(0.8, faces=2), 60)
    reporter.update(state(0.8, faces=2), STATE_INTERVAL)
    assert [payload for _, payload in publisher.retained][1:] == [state(0.7, faces=2), state(0.8, faces=2)]
    clock.advance(STATE_INTERVAL)
    reporter.update(state(0.9, faces=2), 60)
    assert publisher.retained[-1][1] == state(0.8, faces=2)


def test_health_is_published_soon_after_the_start_and_then_once_a_minute() -> None:
    clock, publisher = FakeClock(100.0), FakePublisher()
    reporter = HealthReporter(publisher, lambda: {"at": clock.now}, clock.monotonic)  # type: ignore[arg-type]
    for _ in range(200):
        clock.advance(1)
        reporter.update()
    times = [payload["at"] for _, payload in publisher.sent]
    assert times == [100 + FIRST_HEALTH + n * HEALTH_INTERVAL for n in range(4)]


class CountingHealth:
    """A source of `health` that counts its messages."""

    def __init__(self) -> None:
        self.count = 0

    def message(self) -> dict[str, Any]:
        self.count += 1
        return {"count": self.count}


class FakeStatus:
    """Describes a run to a session."""

    info: ClassVar[dict[str, Any]] = {}

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock

    def state(self) -> dict[str, Any]:
        return state(0.5)

    def open_health(self) -> CountingHealth:
        return CountingHealth()


def test_the_command_health_does_not_shorten_the_interval_of_the_next_report() -> None:
    clock, publisher = FakeClock(), FakePublisher()
    config = Config("0", broker=None, discovery=None)
    session = Session(publisher, config, FakeStatus(clock), RunControls(FakePipeline()))  # type: ignore[arg-type]
    publisher.receive("health")
    session.dispatcher.run()
    clock.advance(FIRST_HEALTH)
    session.report()
    assert publisher.sent == [("reply/health", {"ok": True, "health": {"count": 1}}), ("health", {"count": 1})]


@pytest.mark.parametrize("allowed", ["", "topic write fer/cam/event\n"])
def test_a_run_whose_events_the_broker_refused_is_exit_1(mosquitto: Mosquitto, tmp_path: Path, allowed: str) -> None:
    mosquitto.stop()
    rules = tmp_path / "acl"
    rules.write_text(f"topic read #\n{allowed}")
    mosquitto.start(f"allow_anonymous true\nacl_file {rules}")
    picture = MEDIA / "faces" / "bryan.png"
    done = run(
        "fer_edge", "--camera", picture, "--mqtt", mosquitto.url, "--device", "cam", "--print", "--model", "nano"
    )
    refused = f"fer-edge: broker {mosquitto.url}: refused 2 events: check the broker's access list"
    assert done.code == (0 if allowed else 1)
    assert (done.err.splitlines()[-1] == refused) == (not allowed)


def test_a_pause_releases_the_camera_and_ends_the_tracks(daemon: DaemonProcess) -> None:
    connections = len(daemon.camera.paths)
    assert daemon.send_command("pause", '{"transaction": 1}') == {"transaction": 1, "ok": True, "paused": True}
    nothing = dict.fromkeys(("emotion", "score", "scores", "valence", "arousal", "problem"))
    paused = {"faces": 0, **nothing, "observing": False, "paused": True}
    wait_until(lambda: daemon.published("state")[-1] == paused)
    wait_until(lambda: daemon.published("event")[-1]["type"] == "end")
    frames = daemon.published("event")[-1]["frame"]["number"]
    assert daemon.send_command("ping")["ok"] is True
    assert daemon.send_command("resume") == {"ok": True, "paused": False}
    wait_until(lambda: daemon.published("event")[-1]["type"] == "start")
    assert daemon.published("event")[-1]["frame"]["number"] > frames
    assert len(daemon.camera.paths) > connections
    assert daemon.published("state")[-1]["paused"] is False


def test_a_restart_is_a_new_run_in_the_same_process(daemon: DaemonProcess) -> None:
    boot = daemon.published("event")[-1]["boot"]
    assert daemon.send_command("restart") == {"ok": True}
    wait_until(lambda: daemon.published("event")[-1]["boot"] != boot, 30)
    assert daemon.process.poll() is None
    assert [payload for topic, payload in read_messages(daemon.messages) if topic == "fer/cam/status"][-3:] == [
        "online",
        "offline",
        "online",
    ]


def test_a_pause_outlives_a_kill_and_the_camera_stays_off_until_it_is_resumed(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    daemon = DaemonProcess(mosquitto, "--outbox", str(tmp_path / "outbox.sqlite"))
    daemon.wait_for_face()
    assert daemon.send_command("pause") == {"ok": True, "paused": True}
    opened = len(daemon.camera.paths)
    daemon.kill_and_start()
    wait_until(lambda: daemon.published("state")[-1]["paused"])
    assert daemon.send_command("health")["health"]["camera"] == "paused"
    daemon.send_command("restart")
    daemon.kill_and_start()
    assert daemon.send_command("health")["health"]["frames"] == 0
    assert len(daemon.camera.paths) == opened
    daemon.send_command("resume")
    wait_until(lambda: len(daemon.camera.paths) > opened)
    events = len(daemon.published("event"))
    daemon.kill_and_start()
    wait_until(lambda: len(daemon.published("event")) > events, 30)
    assert not daemon.published("state")[-1]["paused"]
    assert "Traceback" not in daemon.close()


def test_health_is_published_and_describes_the_run(daemon: DaemonProcess) -> None:
    wait_until(lambda: daemon.published("health"), 30)
    health, info = daemon.published("health")[0], daemon.published("info")[0]
    assert health["accelerator"] == info["accelerator"]
    assert health["accelerator"].startswith("cpu (")
    assert health["camera"] == "ok"
    assert health["fps"] > 1
    assert health["stages_ms"]["step"]["p50"] > 0
    assert (health["lost"], health["refused"], health["stalls"]) == (0, 0, 0)


def test_a_daemon_refuses_pictures_and_survives_malformed_requests(daemon: DaemonProcess) -> None:
    assert daemon.send_command("snapshot")["ok"] is False
    for payload in ("{", "[]", "x" * 5000, '{"transaction": {}}'):
        assert daemon.send_command("ping", payload)["ok"] is False
    daemon.publish_command("ping", "x" * 100_000)  # more than is parsed
    assert daemon.send_command("ping", '{"transaction": "last"}')["transaction"] == "last"
    assert "Traceback" not in daemon.close()


def test_the_owner_can_allow_snapshots(mosquitto: Mosquitto) -> None:
    daemon = DaemonProcess(mosquitto, "--allow-snapshots")
    try:
        wait_until(lambda: daemon.published("event"), 30)
        assert daemon.send_command("snapshot")["jpeg"].startswith("/9j/")
    finally:
        daemon.close()


UNDELIVERED = """
import sys
from pathlib import Path
from fer_edge.mqtt.device import describe_undelivered
from fer_edge.mqtt.outbox import Outbox
path = Path(sys.argv[1])
outbox = Outbox(path)
for number in range(40):
    outbox.put(f"{number} " + "x" * 500)
    outbox.commit(now=True)
%s
outbox.save()
print(describe_undelivered(outbox))
outbox.close()
try:
    print("the file has", len(Outbox(path)))
except BaseException:
    print("the file has none")
"""


@pytest.mark.parametrize(
    ("disk", "size", "before", "kept", "fate"),
    [
        ("read-only", "1m", "", 0, "40 are lost ({path}: unable to open database file)"),
        ("full", "1m", "", 0, "40 are lost ({path}: "),
        ("small", "32k", "", None, "{kept} wait in {path}, {lost} are lost ({path}: database or disk is full)"),
        ("small", "1m", "", 40, "they wait in {path}"),
        ("small", "1m", "path.unlink()", 40, "they wait in {path}"),
        ("small", "1m", "outbox.remove(1)", 39, "they wait in {path}"),
        (
            "small",
            "1m",
            "outbox.close(); outbox = Outbox(); outbox.put('x')",
            40,
            "they are lost (--outbox FILE keeps them)",
        ),
    ],
    ids=["read-only", "full", "too small", "sound", "removed", "some delivered", "no file"],
)
def test_what_becomes_of_undelivered_events_is_what_the_file_holds(
    tmp_path: Path, disk: str, size: str, before: str, kept: int | None, fate: str
) -> None:
    line, held = run_on_disk(tmp_path, disk, UNDELIVERED % before, size).splitlines()
    count = int(line.split()[0])
    held_count = int(held.split()[-1].replace("none", "0"))
    assert held_count == (held_count if kept is None else kept)
    path = tmp_path / "outbox.sqlite"
    expected = fate.format(path=path, kept=held_count, lost=count - held_count)
    assert line.startswith(f"{count} events were not delivered; {expected}")
    if kept is None:
        assert 0 < held_count < count
