"""The discovery message, against the documentation of Home Assistant's MQTT integration and the messages of a real run.

The topics it is published at are those of mqtt.topics, which has no separate test file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tests.support.clock import FakeClock
from tests.support.media import WALK
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.mqtt import publish, publish_lines
from tests.support.processes import run
from tests.support.waiting import wait_until

from fer_edge.clock import Clock
from fer_edge.config.broker import Broker
from fer_edge.monitoring.health import Health
from fer_edge.monitoring.timing import StageTimer
from fer_edge.mqtt.homeassistant import ANNOUNCE_INTERVAL, announce, discovery_message
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.publisher import Publisher
from fer_edge.mqtt.topics import discovery_topic

INFO = {"version": "1.2.3", "model": {"name": "base", "sha256": "0" * 64}, "labels": ["happy", "sad", "so-so"]}
HEALTH = {
    "uptime_s": 70.1,
    "fps": 12.4,
    "stages_ms": {"step": {"p50": 21.0, "p95": 33.5}},
    "frames": 800,
    "dropped": 3,
    "camera": "ok",
    "accelerator": "cpu (XNNPACK)",
    "queue": 0,
    "lost": 2,
    "refused": 0,
    "temperature_c": 51.2,
    "rss_mb": 120.5,
}
ID = re.compile(r"[a-zA-Z0-9_-]+")
DEVICES = ["a", "A", "a-emotion", "a-fer-edge", "fer-edge-a", "-", "_", "--", "a_", "front-door_2", "x" * 200]

# From the documentation of the integrations MQTT, MQTT sensor, MQTT event, MQTT switch and sensor.
COMMON = {"platform", "unique_id", "name", "icon", "entity_category", "qos", "state_topic", "value_template"}
ALLOWED = {
    "sensor": COMMON | {"device_class", "options", "state_class", "unit_of_measurement", "expire_after"},
    "event": COMMON | {"event_types"},
    "switch": COMMON | {"command_topic", "payload_on", "payload_off", "state_on", "state_off"},
}
REQUIRED = {"sensor": {"state_topic"}, "event": {"state_topic", "event_types"}, "switch": {"command_topic"}}
UNITS = {"duration": {"d", "h", "min", "s", "ms", "µs"}, "temperature": {"°C", "°F", "K"}}
STATE_CLASSES = {"measurement", "total", "total_increasing"}


@pytest.fixture(scope="module")
def run_messages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[str, str]]]:
    """Every message of a run over a clip: (topic, payload)."""
    broker = Mosquitto(tmp_path_factory.mktemp("run"))
    broker.start()
    file = broker.subscribe("#")
    done = run("fer_edge", "--camera", WALK, "--mqtt", broker.url, "--device", "porch")
    assert done.code == 0, done.err
    wait_until(lambda: ("fer/porch/status", "offline") in read_messages(file))
    yield read_messages(file)
    broker.close()


class Source:
    dropped, problem = 3, None


def health() -> dict[str, Any]:
    """The message `health` of a daemon that has processed a frame."""
    meter = StageTimer(Clock())
    counts = {"queue": 0, "lost": 2, "refused": 0}
    reader = Health(Source(), meter, "cpu", lambda: counts, Clock())
    with meter.stage("step"):
        meter.frames += 1
    return reader.message()


def entities(message: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return dict(message["components"])


def render(entity: dict[str, Any], payload: str) -> str:
    template = ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(entity["value_template"])
    return template.render(value=payload, value_json=json.loads(payload))


def test_the_message_names_device_origin_and_availability_topic() -> None:
    message = discovery_message("fer/porch", "porch", INFO)
    assert message["device"]["identifiers"]
    assert message["device"]["name"] == "porch"
    assert message["origin"] == {"name": "fer-edge", "sw_version": "1.2.3"}
    assert message["availability_topic"] == "fer/porch/status"
    assert discovery_topic("ha/discovery", "porch") == "ha/discovery/device/fer-edge-porch/config"


def test_these_are_the_entities() -> None:
    kinds = {key: entity["platform"] for key, entity in entities(discovery_message("fer/a", "a", INFO)).items()}
    assert kinds == {
        **dict.fromkeys(("emotion", "faces", "confidence"), "sensor"),
        **{"face": "event", "paused": "switch"},
        **dict.fromkeys(("fps", "latency", "temperature", "lost", "accelerator"), "sensor"),
    }


def test_moods_are_an_event_entity_if_there_are_any() -> None:
    mood = entities(discovery_message("fer/a", "a", {**INFO, "moods": ["cheerful"]}))["mood"]
    assert mood["platform"] == "event"
    assert mood.keys() - {"event_types"} <= COMMON
    attributes = json.loads(render(mood, json.dumps({"id": "a-mood-0", "name": "cheerful", "state": "end"})))
    assert attributes["event_type"] in mood["event_types"]
    assert attributes["mood"] == "cheerful"


def test_valence_and_arousal_are_entities_if_all_labels_have_coordinates() -> None:
    found = entities(discovery_message("fer/a", "a", {**INFO, "labels": ["happy", "sad"]}))
    state = json.dumps({"faces": 1, "emotion": "happy", "score": 0.9, "valence": 0.67, "arousal": -0.02})
    assert [render(found[axis], state) for axis in ("valence", "arousal")] == ["0.67", "-0.02"]
    nobody = json.dumps({"faces": 0, "emotion": None, "score": None, "valence": None, "arousal": None})
    assert [render(found[axis], nobody) for axis in ("valence", "arousal")] == ["None", "None"]
    assert found["valence"].items() > {"platform": "sensor", "state_class": "measurement"}.items()


def test_each_entity_has_the_required_keys_of_its_platform_and_no_unknown_ones() -> None:
    for key, entity in entities(discovery_message("fer/a", "a", INFO)).items():
        platform = entity["platform"]
        assert entity["qos"] == 1  # entities do not inherit that of the device
        assert {"unique_id", "name", *REQUIRED[platform]} <= set(entity) <= ALLOWED[platform], key
        for topic in (value for name, value in entity.items() if name.endswith("_topic")):
            assert topic.startswith("fer/a/")
            assert not set(topic) & set("+#")


def test_units_and_state_classes_fit_the_device_class() -> None:
    found = entities(discovery_message("fer/a", "a", INFO))
    for entity in (entity for entity in found.values() if entity["platform"] == "sensor"):
        kind = entity.get("device_class")
        assert (kind == "enum") == ("options" in entity)
        if kind == "enum":
            assert not {"state_class", "unit_of_measurement"} & set(entity)
        elif kind:
            assert entity["unit_of_measurement"] in UNITS[kind]
        assert entity.get("state_class") in {None, *STATE_CLASSES}
    assert found["emotion"]["options"] == INFO["labels"]


def test_diagnostic_entities_are_marked_and_values_from_health_expire() -> None:
    for key, entity in entities(discovery_message("fer/a", "a", INFO)).items():
        diagnostic = key in {"fps", "latency", "temperature", "lost", "accelerator"}
        assert entity.get("entity_category") == ("diagnostic" if diagnostic else None)
        of_health = entity["state_topic"] == "fer/a/health"
        assert ("expire_after" in entity) == of_health
        if of_health:
            assert entity["expire_after"] > 60


@pytest.mark.parametrize("device", DEVICES)
def test_ids_have_only_characters_that_home_assistant_allows(device: str) -> None:
    message = discovery_message(f"fer/{device}", device, INFO)
    ids = [
        discovery_topic("homeassistant", device).split("/")[2],
        *message["device"]["identifiers"],
        *message["components"],
    ]
    ids += [entity["unique_id"] for entity in entities(message).values()]
    assert all(ID.fullmatch(one) for one in ids)


def test_no_two_devices_share_an_id() -> None:
    ids = []
    for device in DEVICES:
        message = discovery_message(f"fer/{device}", device, INFO)
        ids.append({entity["unique_id"] for entity in entities(message).values()})
        assert len(ids[-1]) == len(message["components"])
    assert not any(one & other for one, other in combinations(ids, 2))
    assert len({discovery_topic("homeassistant", device) for device in DEVICES}) == len(DEVICES)


def test_a_run_is_announced_after_its_status_info_and_state(
    run_messages: list[tuple[str, str]],
) -> None:
    topics = [topic for topic, _ in run_messages]
    assert topics.count("homeassistant/device/fer-edge-porch/config") == 1
    assert topics[:4] == [
        "fer/porch/status",
        "fer/porch/info",
        "fer/porch/state",
        "homeassistant/device/fer-edge-porch/config",
    ]
    payloads = dict(run_messages)
    info = json.loads(payloads["fer/porch/info"])
    assert json.loads(payloads[topics[3]]) == discovery_message("fer/porch", "porch", info)


def test_every_template_yields_a_valid_value_for_every_message_of_a_run(run_messages: list[tuple[str, str]]) -> None:
    messages = [*run_messages, ("fer/porch/health", json.dumps(health()))]
    config = next(text for topic, text in run_messages if topic.startswith("homeassistant/"))
    for key, entity in entities(json.loads(config)).items():
        values = [render(entity, payload) for topic, payload in messages if topic == entity["state_topic"]]
        assert values, key
        for value in values:
            assert is_valid(entity, value), (key, value)


def test_every_value_of_health_is_a_number() -> None:
    for key, entity in entities(discovery_message("fer/a", "a", INFO)).items():
        if entity["state_topic"] == "fer/a/health" and key != "temperature":  # not every machine has a thermometer
            assert float(render(entity, json.dumps(health()))) >= 0


def is_valid(entity: dict[str, Any], value: str) -> bool:
    if entity["platform"] == "event":
        return json.loads(value)["event_type"] in entity["event_types"]
    if entity["platform"] == "switch":
        return value in {entity["state_on"], entity["state_off"]}
    if value == "None":  # unknown
        return "accelerator" not in entity["unique_id"]
    if "options" in entity:
        return value in entity["options"]
    if entity["unique_id"].endswith(("-valence", "-arousal")):
        return -1 <= float(value) <= 1
    return bool(value) if "state_class" not in entity else float(value) >= 0


@pytest.mark.parametrize(
    ("key", "payload", "value"),
    [
        ("emotion", {"faces": 0, "emotion": None, "score": None, "paused": False}, "None"),
        ("confidence", {"faces": 0, "emotion": None, "score": None, "paused": False}, "None"),
        ("confidence", {"faces": 2, "emotion": "sad", "score": 0.2871, "paused": False}, "28.7"),
        ("confidence", {"faces": 2, "emotion": "sad", "score": 1.0, "paused": False}, "100.0"),
        ("faces", {"faces": 2, "emotion": "sad", "score": 0.2871, "paused": False}, "2"),
        ("paused", {"faces": 0, "emotion": None, "score": None, "paused": True}, "true"),
        ("paused", {"faces": 0, "emotion": None, "score": None, "paused": False}, "false"),
        ("fps", HEALTH, "12.4"),
        ("latency", HEALTH, "33.5"),
        ("latency", {**HEALTH, "stages_ms": {}}, "None"),
        ("temperature", HEALTH, "51.2"),
        ("temperature", {**HEALTH, "temperature_c": None}, "None"),
        ("lost", HEALTH, "2"),
        ("accelerator", {**INFO, "accelerator": "Edge TPU (usb:0)"}, "Edge TPU (usb:0)"),
    ],
)
def test_a_template_extracts_the_value_of_its_entity(key: str, payload: dict[str, Any], value: str) -> None:
    assert render(entities(discovery_message("fer/a", "a", INFO))[key], json.dumps(payload)) == value


def test_the_event_entity_keeps_every_field_of_an_event() -> None:
    event = {"type": "update", "track": 7, "emotion": 'it\'s <so> "so" & ☺', "scores": {"a": 0.5}, "previous": None}
    rendered = render(entities(discovery_message("fer/a", "a", INFO))["face"], json.dumps(event))
    assert json.loads(rendered) == {**event, "event_type": "update"}


def test_the_switch_sends_the_pause_command() -> None:
    switch = entities(discovery_message("fer/a", "a", INFO))["paused"]
    assert switch["command_topic"] == "fer/a/cmd/pause"
    assert json.loads(switch["payload_on"]) == {"paused": True}
    assert json.loads(switch["payload_off"]) == {"paused": False}


def test_a_birth_message_of_home_assistant_announces_the_device_again_but_a_flood_of_them_only_once(
    mosquitto: Mosquitto,
) -> None:
    file, clock = mosquitto.subscribe("#"), FakeClock()
    publish(mosquitto, "homeassistant/status", "online", "-r")
    with Publisher(Broker("127.0.0.1", mosquitto.port), None, "porch", Outbox()) as publisher:
        announce(publisher, "homeassistant", "porch", INFO, clock.monotonic)
        assert publisher.flush(10)
        publish_lines(mosquitto, "homeassistant/status", "offline", *["online"] * 100)
        wait_until(lambda: announcements(file) == 2)
        clock.advance(ANNOUNCE_INTERVAL)
        publish(mosquitto, "homeassistant/status", "online", "-r")
        wait_until(lambda: announcements(file) == 3)
    wait_until(lambda: ("fer/porch/status", "offline") in read_messages(file))
    assert announcements(file) == 3


def announcements(file: Path) -> int:
    return [topic for topic, _ in read_messages(file)].count("homeassistant/device/fer-edge-porch/config")


@pytest.mark.parametrize(("prefix", "topics"), [("none", []), ("my/ha", ["my/ha/device/fer-edge-porch/config"])])
def test_the_device_is_announced_under_the_prefix_or_not_at_all(
    mosquitto: Mosquitto, prefix: str, topics: list[str]
) -> None:
    face = WALK.parent / "faces" / "astronaut.png"
    done = run("fer_edge", "--camera", face, "--mqtt", mosquitto.url, "--device", "porch", "--discovery", prefix)
    assert done.code == 0, done.err
    file = mosquitto.subscribe("#")
    wait_until(lambda: len(read_messages(file)) >= 3 + len(topics))
    assert [topic for topic, _ in read_messages(file) if not topic.startswith("fer/porch/")] == topics
