"""The daemon with a network camera and a real broker: what it publishes and how it answers commands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support import Mosquitto, heard, wait_until
from tests.support.daemon_process import DaemonProcess


@pytest.fixture
def daemon(mosquitto: Mosquitto) -> Iterator[DaemonProcess]:
    made = DaemonProcess(mosquitto)
    made.wait_for_face()
    yield made
    if made.process.poll() is None:
        made.close()


def test_while_paused_the_camera_is_released_and_the_faces_have_ended(daemon: DaemonProcess) -> None:
    connections = len(daemon.camera.paths)
    assert daemon.send_command("pause", '{"transaction": 1}') == {"transaction": 1, "ok": True, "paused": True}
    wait_until(lambda: daemon.published("state")[-1] == {"faces": 0, "emotion": None, "score": None, "paused": True})
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
    assert [payload for topic, payload in heard(daemon.messages) if topic == "fer/cam/status"][-3:] == [
        "online",
        "offline",
        "online",
    ]


def test_health_arrives_and_says_what_runs(daemon: DaemonProcess) -> None:
    wait_until(lambda: daemon.published("health"), 30)
    health, info = daemon.published("health")[0], daemon.published("info")[0]
    assert health["accelerator"] == info["accelerator"]
    assert health["accelerator"].startswith("cpu (")
    assert health["camera"] == "ok"
    assert health["fps"] > 1
    assert health["stages_ms"]["step"]["p50"] > 0
    assert (health["lost"], health["refused"]) == (0, 0)


def test_pictures_stay_here_and_strangers_do_no_harm(daemon: DaemonProcess) -> None:
    assert daemon.send_command("snapshot")["ok"] is False
    for payload in ("{", "[]", "x" * 100_000, '{"transaction": {}}'):
        assert daemon.send_command("ping", payload)["ok"] is False
    assert daemon.send_command("ping")["ok"] is True
    assert "Traceback" not in daemon.close()


def test_the_owner_may_have_pictures_given_away(mosquitto: Mosquitto) -> None:
    daemon = DaemonProcess(mosquitto, "--allow-snapshots")
    try:
        wait_until(lambda: daemon.published("event"), 30)
        assert daemon.send_command("snapshot")["jpeg"].startswith("/9j/")
    finally:
        daemon.close()
