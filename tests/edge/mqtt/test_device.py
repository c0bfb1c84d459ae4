"""The daemon, a camera with an address, and a real broker: what is told and what can be asked."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest
from tests.support import MEDIA, Mosquitto, command, heard, wait_until
from tests.support.mjpeg import MjpegCamera

FACE = MEDIA / "faces" / "astronaut.png"


def face(_: int) -> bytes:
    picture = cv2.imread(str(FACE))
    return bytes(cv2.imencode(".jpg", cv2.resize(picture, (320, 320)))[1])


class Daemon:
    """A running fer-edge, and everything that is said below `fer/`."""

    def __init__(self, broker: Mosquitto, *flags: str) -> None:
        self.camera = MjpegCamera(picture=face)
        self.file = broker.subscribe()
        self._broker = broker
        arguments = ["--camera", self.camera.url, "--mqtt", broker.url, "--device", "cam", "--model", "nano", *flags]
        self.process = subprocess.Popen(command("fer_edge", *arguments), stderr=subprocess.PIPE, text=True)

    def said(self, name: str) -> list[Any]:
        return [json.loads(payload) for topic, payload in heard(self.file) if topic == f"fer/cam/{name}"]

    def ask(self, name: str, payload: str = "") -> dict[str, Any]:
        before = len(self.said(f"reply/{name}"))
        here = ["-h", "127.0.0.1", "-p", str(self._broker.port), "-q", "1"]
        subprocess.run(["mosquitto_pub", *here, "-t", f"fer/cam/cmd/{name}", "-m", payload], check=True, timeout=10)
        wait_until(lambda: len(self.said(f"reply/{name}")) > before)
        reply: dict[str, Any] = self.said(f"reply/{name}")[-1]
        return reply

    def close(self) -> str:
        self.process.terminate()
        _, err = self.process.communicate(timeout=20)
        self.camera.stop()
        return err


@pytest.fixture
def daemon(mosquitto: Mosquitto) -> Iterator[Daemon]:
    made = Daemon(mosquitto)
    wait_until(lambda: any(event["type"] == "start" for event in made.said("event")), 30)
    yield made
    if made.process.poll() is None:
        made.close()


def test_while_paused_the_camera_is_released_and_the_faces_have_ended(daemon: Daemon) -> None:
    connections = len(daemon.camera.paths)
    assert daemon.ask("pause", '{"transaction": 1}') == {"transaction": 1, "ok": True, "paused": True}
    wait_until(lambda: daemon.said("state")[-1] == {"faces": 0, "emotion": None, "score": None, "paused": True})
    wait_until(lambda: daemon.said("event")[-1]["type"] == "end")
    frames = daemon.said("event")[-1]["frame"]["number"]
    assert daemon.ask("ping")["ok"] is True
    assert daemon.ask("resume") == {"ok": True, "paused": False}
    wait_until(lambda: daemon.said("event")[-1]["type"] == "start")
    assert daemon.said("event")[-1]["frame"]["number"] > frames
    assert len(daemon.camera.paths) > connections
    assert daemon.said("state")[-1]["paused"] is False


def test_a_restart_is_a_new_run_in_the_same_process(daemon: Daemon) -> None:
    boot = daemon.said("event")[-1]["boot"]
    assert daemon.ask("restart") == {"ok": True}
    wait_until(lambda: daemon.said("event")[-1]["boot"] != boot, 30)
    assert daemon.process.poll() is None
    assert [payload for topic, payload in heard(daemon.file) if topic == "fer/cam/status"][-3:] == [
        "online",
        "offline",
        "online",
    ]


def test_health_arrives_and_says_what_runs(daemon: Daemon) -> None:
    wait_until(lambda: daemon.said("health"), 30)
    health, info = daemon.said("health")[0], daemon.said("info")[0]
    assert health["accelerator"] == info["accelerator"]
    assert health["accelerator"].startswith("cpu (")
    assert health["camera"] == "ok"
    assert health["fps"] > 1
    assert health["stages_ms"]["step"]["p50"] > 0
    assert (health["lost"], health["refused"]) == (0, 0)


def test_pictures_stay_here_and_strangers_do_no_harm(daemon: Daemon) -> None:
    assert daemon.ask("snapshot")["ok"] is False
    for payload in ("{", "[]", "x" * 100_000, '{"transaction": {}}'):
        assert daemon.ask("ping", payload)["ok"] is False
    assert daemon.ask("ping")["ok"] is True
    assert "Traceback" not in daemon.close()


def test_the_owner_may_have_pictures_given_away(mosquitto: Mosquitto, tmp_path: Path) -> None:
    daemon = Daemon(mosquitto, "--allow-snapshots")
    try:
        wait_until(lambda: daemon.said("event"), 30)
        assert daemon.ask("snapshot")["jpeg"].startswith("/9j/")
    finally:
        daemon.close()
