"""A real Home Assistant at the same broker. `make test-homeassistant` creates the environment that it runs in."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.daemon_process import DaemonProcess
from tests.support.home_assistant import PROGRAMS, PYTHON, START_TIMEOUT, HomeAssistant, walk
from tests.support.media import WALK
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.mqtt import publish
from tests.support.processes import run
from tests.support.waiting import wait_until

from fer_edge.config.broker import Broker
from fer_edge.mqtt.homeassistant.announcement import Announcement
from fer_edge.mqtt.homeassistant.message import discovery_message
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.publisher import Publisher
from fer_edge.mqtt.topics import discovery_topic

INFO = {
    "version": "1.2.3",
    "model": {"name": "base", "sha256": "0" * 64},
    "labels": ["happy", "sad"],
    "accelerator": "cpu",
}
NAMES = ["sofa", 'by "the" {{ door }}']
EVERYTHING = {**INFO, "zones": NAMES, "moods": NAMES, "snapshots": True}
HEALTH = {"fps": 12.4, "stages_ms": {"step": {"p50": 21.0, "p95": 33.5}}, "lost": 2, "temperature_c": 51.2}
NOBODY = dict.fromkeys(("emotion", "score", "scores", "valence", "arousal", "problem"))
STATE = {"faces": 0, **NOBODY, "zones": dict.fromkeys(NAMES, 0), "observing": True, "paused": False}
SETTINGS = {"min_face": 0.08, "min_score": 0.4, "rate": 10.0, "state_every": 1.0}
ENTITIES = {
    "event.porch_face",
    "switch.porch_paused",
    *(f"sensor.porch_{name}" for name in ("emotion", "faces", "confidence", "frame_rate", "latency", "temperature")),
    *(f"sensor.porch_{name}" for name in ("lost_events", "accelerator", "valence", "arousal")),
    *(f"binary_sensor.porch_{name}" for name in ("occupancy", "connectivity", "problem")),
    *(f"number.porch_{name}" for name in ("minimum_score", "smallest_face", "classification_rate")),
    *(f"button.porch_{name}" for name in ("restart", "reset_settings")),
}
CONNECTIVITY = "binary_sensor.porch_connectivity"

pytestmark = pytest.mark.skipif(not PYTHON, reason="NOT TESTED, needs Home Assistant: make test-homeassistant")


@pytest.fixture
def home(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[HomeAssistant]:
    home = HomeAssistant(tmp_path, mosquitto.port)
    yield home
    home.close()
    # It clears the topic of a device that is removed itself, once for each trigger, and then warns of that.
    assert [line for line in home.warnings("porch") if "No device components to cleanup" not in line] == []


@contextmanager
def porch(broker: Mosquitto, info: dict[str, Any] = INFO) -> Iterator[Publisher]:
    publisher = Publisher(Broker("127.0.0.1", broker.port), None, "porch", Outbox())
    publisher.retain("info", info)
    publisher.retain("state", STATE)
    publisher.retain("settings", SETTINGS)
    Announcement(publisher, "homeassistant", "porch", info)
    publisher.start()
    assert publisher.flush(10)
    yield publisher
    publisher.close()


def validate(message: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    command = [PYTHON, str(PROGRAMS / "check.py")]
    return subprocess.run(command, input=json.dumps(message), capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("device", ["porch", "-", "A-2_b"])
def test_the_discovery_message_is_valid(device: str) -> None:
    message = discovery_message(f"fer/{device}", device, EVERYTHING)
    done = validate(message)
    assert (done.returncode, done.stdout.strip()) == (0, str(len(message["components"]))), done.stderr


def test_an_unknown_key_would_be_noticed() -> None:
    message = discovery_message("fer/porch", "porch", INFO)
    message["components"]["fps"]["stale_after"] = 150
    assert "stale_after" in validate(message).stderr


def test_a_run_is_discovered_and_forgotten(mosquitto: Mosquitto, home: HomeAssistant) -> None:
    file = mosquitto.subscribe("#")
    wait_until(lambda: ("homeassistant/status", "online") in read_messages(file), START_TIMEOUT)
    arguments = ["--mqtt", mosquitto.url, "--device", "porch"]
    assert run("fer_edge", "--camera", WALK, *arguments).code == 0
    offline = {**dict.fromkeys(ENTITIES, "unavailable"), CONNECTIVITY: "off"}
    wait_until(lambda: home.states().items() == offline.items())
    assert run("fer_edge", "--forget", *arguments).code == 0
    wait_until(lambda: home.states() == dict.fromkeys(ENTITIES))


def test_the_messages_of_a_device_become_states(mosquitto: Mosquitto, home: HomeAssistant) -> None:
    with porch(mosquitto, EVERYTHING) as publisher:
        wait_until(lambda: home.states().get("sensor.porch_accelerator") == "cpu", START_TIMEOUT)
        zones = {"sofa": 2, NAMES[1]: 0}
        seen = {
            "faces": 2,
            "emotion": "sad",
            "score": 0.287,
            "valence": -0.3,
            "zones": zones,
            "problem": "events were lost",
        }
        publisher.retain("state", {**STATE, **seen})
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
            "binary_sensor.porch_occupancy": "on",
            "binary_sensor.porch_occupancy_sofa": "on",
            "sensor.porch_faces_sofa": "2",
            "binary_sensor.porch_occupancy_by_the_door": "off",
            "sensor.porch_faces_by_the_door": "0",
            "binary_sensor.porch_problem": "on",
            "number.porch_minimum_score": "40.0",
            "number.porch_smallest_face": "8.0",
            "number.porch_classification_rate": "10.0",
            CONNECTIVITY: "on",
        }
        wait_until(lambda: expected.items() <= home.states().items())
        assert home.attributes("binary_sensor.porch_problem")["problem"] == "events were lost"
        publisher.retain("settings", {**SETTINGS, "min_score": None})
        publisher.retain("state", {**STATE, "observing": False})
        unknown = dict.fromkeys(("sensor.porch_emotion", "number.porch_minimum_score"), "unknown")
        unknown |= {"binary_sensor.porch_problem": "off", "binary_sensor.porch_occupancy": "unknown"}
        wait_until(lambda: unknown.items() <= home.states().items())
        assert home.attributes("sensor.porch_emotion")["friendly_name"] == "porch Emotion"


def test_entities_follow_a_change_of_model_zones_and_moods(mosquitto: Mosquitto, home: HomeAssistant) -> None:
    with porch(mosquitto, EVERYTHING):
        wait_until(lambda: home.states().get("sensor.porch_accelerator") == "cpu", START_TIMEOUT)
        assert "sensor.porch_score_sad" in home.request(entities="porch")
        assert "sensor.porch_score_sad" not in home.states(), "it is disabled"
        assert sorted(
            f"{one['subtype']} {one['type']}" for one in home.request(triggers="porch") if one["domain"] == "mqtt"
        ) == sorted(
            [
                "Face appeared",
                "Face disappeared",
                *(f"{name} mood {end}" for name in NAMES for end in ("started", "ended")),
            ]
        )
    with porch(mosquitto, {**INFO, "labels": ["happy", "calm"]}):
        wait_until(lambda: home.attributes("sensor.porch_emotion").get("options") == ["happy", "calm"])
        wait_until(lambda: "binary_sensor.porch_occupancy_sofa" not in home.request(entities="porch"))
        left = ENTITIES - {"sensor.porch_valence", "sensor.porch_arousal"}
        # Home Assistant does not remove entities that are disabled.
        expected = left | {f"sensor.porch_score_{label}" for label in ("happy", "calm", "sad")}
        wait_until(lambda: set(home.request(entities="porch")) == expected)
        assert len([one for one in home.request(triggers="porch") if one["domain"] == "mqtt"]) == 2


def test_a_daemon_is_controlled_by_its_entities(mosquitto: Mosquitto, home: HomeAssistant) -> None:
    daemon = DaemonProcess(mosquitto, "--allow-snapshots")

    def has(**states: str) -> bool:
        names = {name.replace("_", ".", 1): state for name, state in states.items()}
        return names.items() <= home.states().items()

    def is_known(entity: str) -> bool:
        return home.states().get(entity) not in {None, "unavailable", "unknown"}

    try:
        wait_until(lambda: is_known("sensor.cam_emotion"), START_TIMEOUT)
        assert home.states()["sensor.cam_emotion"] in daemon.published("info")[0]["labels"]
        home.call("number.set_value", "number.cam_minimum_score", value=99)
        home.call("number.set_value", "number.cam_classification_rate", value=2.5)
        wait_until(lambda: daemon.published("settings")[-1].items() >= {"min_score": 0.99, "rate": 2.5}.items())
        wait_until(lambda: has(number_cam_minimum_score="99.0", sensor_cam_emotion="unknown"))
        home.call("button.press", "button.cam_reset_settings")
        wait_until(lambda: has(number_cam_minimum_score="40.0") and is_known("sensor.cam_emotion"))
        home.call("button.press", "button.cam_take_snapshot")
        wait_until(lambda: is_known("image.cam_snapshot"))
        home.call("switch.turn_on", "switch.cam_paused")
        wait_until(lambda: has(switch_cam_paused="on", sensor_cam_faces="0"))
        assert home.states()["binary_sensor.cam_occupancy"] == "unknown"
        home.call("switch.turn_off", "switch.cam_paused")
        wait_until(lambda: has(switch_cam_paused="off", sensor_cam_faces="1"))
        wait_until(lambda: is_known("sensor.cam_latency"), 90)
        assert float(home.states()["sensor.cam_latency"] or 0) > 0
        boots = len({event["boot"] for event in daemon.published("event")})
        home.call("button.press", "button.cam_restart")
        wait_until(lambda: len({event["boot"] for event in daemon.published("event")}) > boots, 30)
        assert daemon.process.poll() is None
    finally:
        daemon.close()


def test_the_example_dashboard_has_only_entities_that_exist(mosquitto: Mosquitto, home: HomeAssistant) -> None:
    with porch(mosquitto):
        wait_until(lambda: home.states().get("sensor.porch_accelerator") == "cpu", START_TIMEOUT)
        texts = walk(home.request(dashboard="dashboard.yaml"))
        used = {text for text in texts if re.fullmatch(r"[a-z_]+\.porch_\w+", text)}
        assert used <= set(home.request(entities="porch"))
        assert len(used) > 15


def test_a_starting_home_assistant_discovers_a_device_that_the_broker_has_forgotten(mosquitto: Mosquitto) -> None:
    with porch(mosquitto):
        publish(mosquitto, discovery_topic("homeassistant", "porch"), "", "-r")
        file = mosquitto.subscribe("homeassistant/#")
        assert read_messages(file) == []
        home = HomeAssistant(mosquitto.folder, mosquitto.port)
        wait_until(lambda: home.states().get("sensor.porch_accelerator") == "cpu", START_TIMEOUT)
        home.close()
    assert home.warnings("porch") == []
