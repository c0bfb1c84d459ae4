"""A real Home Assistant at the same broker. `make test-homeassistant` creates the environment that it runs in."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from tests.support.daemon_process import DaemonProcess
from tests.support.media import WALK
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.mqtt import publish
from tests.support.processes import run
from tests.support.waiting import wait_until

from fer_edge.config.broker import Broker
from fer_edge.mqtt.homeassistant import announce, discovery_message
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.publisher import Publisher
from fer_edge.mqtt.topics import discovery_topic

PYTHON = os.environ.get("FER_EDGE_HOMEASSISTANT", "")
HERE = Path(__file__).parent
INFO = {
    "version": "1.2.3",
    "model": {"name": "base", "sha256": "0" * 64},
    "labels": ["happy", "sad"],
    "accelerator": "cpu",
}
HEALTH = {"fps": 12.4, "stages_ms": {"step": {"p50": 21.0, "p95": 33.5}}, "lost": 2, "temperature_c": 51.2}
STATE = {"faces": 0, "emotion": None, "score": None, "valence": None, "arousal": None, "paused": False}
ENTITIES = {
    "event.porch_face",
    "switch.porch_paused",
    *(f"sensor.porch_{name}" for name in ("emotion", "faces", "confidence", "frame_rate", "latency", "temperature")),
    *(f"sensor.porch_{name}" for name in ("lost_events", "accelerator", "valence", "arousal")),
}

pytestmark = pytest.mark.skipif(not PYTHON, reason="NOT TESTED, needs Home Assistant: make test-homeassistant")


class Home:
    """A running Home Assistant, and the states it has printed so far."""

    def __init__(self, folder: Path, port: int) -> None:
        self._out, self._err = folder / "home.jsonl", folder / "home.log"
        command = [PYTHON, str(HERE / "home.py"), str(port)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=self._out.open("w"), stderr=self._err.open("w"), text=True
        )

    def changes(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._out.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def states(self) -> dict[str, str | None]:
        """The state of each entity; None for one that was removed."""
        return {change["entity"]: change["state"] for change in self.changes()}

    def attributes(self, entity: str) -> dict[str, Any]:
        """The attributes of an entity."""
        return {change["entity"]: change["attributes"] for change in self.changes()}.get(entity, {})

    def do(self, action: str, entity: str) -> None:
        stdin: IO[str] = self._process.stdin  # type: ignore[assignment]
        stdin.write(f"{action} {entity}\n")
        stdin.flush()

    def warnings(self) -> list[str]:
        return [line for line in self._err.read_text().splitlines() if "components.mqtt" in line or "porch" in line]

    def close(self) -> None:
        self._process.communicate(timeout=60)


@pytest.fixture
def home(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path, mosquitto.port)
    yield home
    home.close()
    assert home.warnings() == []


@contextmanager
def porch(broker: Mosquitto) -> Iterator[Publisher]:
    publisher = Publisher(Broker("127.0.0.1", broker.port), None, "porch", Outbox())
    publisher.retain("info", INFO)
    publisher.retain("state", STATE)
    announce(publisher, "homeassistant", "porch", INFO)
    publisher.start()
    assert publisher.flush(10)
    yield publisher
    publisher.close()


def validate(message: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    command = [PYTHON, str(HERE / "check.py")]
    return subprocess.run(command, input=json.dumps(message), capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("device", ["porch", "-", "_", "A-2_b"])
def test_the_discovery_message_is_valid(device: str) -> None:
    done = validate(discovery_message(f"fer/{device}", device, INFO))
    assert (done.returncode, done.stdout.strip()) == (0, str(len(ENTITIES))), done.stderr


def test_an_unknown_key_would_be_noticed() -> None:
    message = discovery_message("fer/porch", "porch", INFO)
    message["components"]["fps"]["stale_after"] = 150
    assert "stale_after" in validate(message).stderr


def test_a_run_is_discovered_and_forgotten(mosquitto: Mosquitto, home: Home) -> None:
    file = mosquitto.subscribe("#")
    wait_until(lambda: ("homeassistant/status", "online") in read_messages(file), 60)
    arguments = ["--mqtt", mosquitto.url, "--device", "porch"]
    assert run("fer_edge", "--camera", WALK, *arguments).code == 0
    wait_until(lambda: home.states() == dict.fromkeys(ENTITIES, "unavailable"))
    assert run("fer_edge", "--forget", *arguments).code == 0
    wait_until(lambda: home.states() == dict.fromkeys(ENTITIES))


def test_the_messages_of_a_device_become_states(mosquitto: Mosquitto, home: Home) -> None:
    with porch(mosquitto) as publisher:
        wait_until(lambda: home.states().get("sensor.porch_accelerator") == "cpu", 60)
        publisher.retain("state", {**STATE, "faces": 2, "emotion": "sad", "score": 0.287, "valence": -0.3})
        wait_until(lambda: home.states()["sensor.porch_emotion"] == "sad")
        assert publisher.send("health", HEALTH)
        publisher.put(json.dumps({"id": "a-0", "type": "start", "emotion": "sad", "previous": None}))
        wait_until(lambda: home.attributes("event.porch_face").get("event_type") == "start")
        assert home.attributes("event.porch_face")["emotion"] == "sad"
        publisher.put(json.dumps({"id": "a-1", "type": "update", "emotion": None, "previous": "sad"}))
        wait_until(lambda: home.attributes("event.porch_face").get("event_type") == "update")
        assert home.attributes("event.porch_face")["emotion"] is None
        expected = {
            "sensor.porch_faces": "2",
            "sensor.porch_confidence": "28.7",
            "sensor.porch_valence": "-0.3",
            "sensor.porch_arousal": "unknown",
            "sensor.porch_frame_rate": "12.4",
            "sensor.porch_latency": "33.5",
            "sensor.porch_lost_events": "2",
            "sensor.porch_temperature": "51.2",
            "switch.porch_paused": "off",
        }
        wait_until(lambda: expected.items() <= home.states().items())
        publisher.retain("state", STATE)
        wait_until(lambda: home.states()["sensor.porch_emotion"] == "unknown")


def test_a_daemon_is_paused_and_resumed_by_its_switch(mosquitto: Mosquitto, home: Home) -> None:
    daemon = DaemonProcess(mosquitto)

    def has(entity: str, state: str) -> bool:
        return home.states().get(entity) == state

    def is_known(entity: str) -> bool:
        return home.states().get(entity) not in {None, "unavailable", "unknown"}

    try:
        wait_until(lambda: is_known("sensor.cam_emotion"), 60)
        assert home.states()["sensor.cam_emotion"] in daemon.published("info")[0]["labels"]
        wait_until(lambda: is_known("sensor.cam_latency"), 90)
        assert float(home.states()["sensor.cam_latency"] or 0) > 0
        assert has("sensor.cam_lost_events", "0")
        home.do("turn_on", "switch.cam_paused")
        wait_until(lambda: has("switch.cam_paused", "on") and has("sensor.cam_faces", "0"))
        home.do("turn_off", "switch.cam_paused")
        wait_until(lambda: has("switch.cam_paused", "off") and has("sensor.cam_faces", "1"))
    finally:
        daemon.close()


def test_a_starting_home_assistant_discovers_a_device_that_the_broker_has_forgotten(mosquitto: Mosquitto) -> None:
    with porch(mosquitto):
        publish(mosquitto, discovery_topic("homeassistant", "porch"), "", "-r")
        file = mosquitto.subscribe("homeassistant/#")
        assert read_messages(file) == []
        home = Home(mosquitto.folder, mosquitto.port)
        wait_until(lambda: home.states().get("sensor.porch_accelerator") == "cpu", 60)
        home.close()
    assert home.warnings() == []
