"""The discovery message, against the documentation of Home Assistant's MQTT integration and the messages of a real run.

The topics it is published at are those of mqtt.topics, which has no separate test file.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.support.discovery import INFO, NAMES, entities, health_message, render
from tests.support.media import WALK
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.processes import run
from tests.support.waiting import wait_until

from fer_edge.events import SCHEMAS
from fer_edge.mqtt.homeassistant.message import discovery_message
from fer_edge.mqtt.topics import discovery_topic

ID = re.compile(r"[a-zA-Z0-9_-]+")
DEVICES = [
    "a",
    "A",
    "a-emotion",
    "a-faces_sofa",
    "a-faces-b",
    "a-fer-edge",
    "fer-edge-a",
    "-",
    "_",
    "--",
    "a_",
    "front-door_2",
    "x" * 200,
]

# From the documentation of Home Assistant's integration MQTT.
COMMON = {"platform", "unique_id", "name", "icon", "entity_category", "enabled_by_default", "qos", "device_class"}
READ = COMMON | {"state_topic", "value_template", "json_attributes_topic", "json_attributes_template"}
COMMAND = {"command_topic", "command_template"}
ALLOWED = {
    "sensor": READ | {"options", "state_class", "unit_of_measurement", "expire_after"},
    "binary_sensor": READ | {"payload_on", "payload_off", "availability_topic", "availability_template"},
    "event": READ | {"event_types"},
    "switch": READ | COMMAND | {"payload_on", "payload_off", "state_on", "state_off"},
    "number": READ | COMMAND | {"min", "max", "step", "mode", "unit_of_measurement"},
    "button": COMMON | COMMAND | {"payload_press"},
    "image": COMMON | {"image_topic", "image_encoding", "content_type"},
}
REQUIRED = {
    "sensor": {"state_topic"},
    "binary_sensor": {"state_topic"},
    "event": {"state_topic", "event_types"},
    "switch": {"command_topic"},
    "number": {"command_topic"},
    "button": {"command_topic"},
    "image": {"image_topic"},
}
TRIGGER = {"platform", "automation_type", "topic", "type", "subtype", "payload", "value_template", "qos"}
EVERYTHING = {"labels": ["happy", "sad", *NAMES], "zones": NAMES, "moods": NAMES, "snapshots": True}
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


def test_the_message_names_device_origin_and_availability_topic() -> None:
    message = discovery_message("fer/porch", "porch", INFO)
    assert message["device"]["identifiers"]
    assert message["device"]["name"] == "porch"
    assert message["origin"] == {"name": "fer-edge", "sw_version": "1.2.3"}
    assert message["availability_topic"] == "fer/porch/status"
    assert discovery_topic("ha/discovery", "porch") == "ha/discovery/device/fer-edge-porch/config"


def of_entities(components: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The components without the triggers, which are no entities."""
    return {key: one for key, one in components.items() if one["platform"] != "device_automation"}


def test_these_are_the_entities() -> None:
    kinds = {key: entity["platform"] for key, entity in entities(labels=["happy", "dull"]).items()}
    assert kinds == {
        **dict.fromkeys(("emotion", "faces", "confidence", "score_happy", "score_dull"), "sensor"),
        **dict.fromkeys(("occupancy", "connectivity", "problem"), "binary_sensor"),
        **{"face": "event", "paused": "switch", "restart": "button", "reset": "button"},
        **dict.fromkeys(("min_score", "min_face", "rate"), "number"),
        **dict.fromkeys(("fps", "latency", "temperature", "lost", "accelerator"), "sensor"),
        **dict.fromkeys(("face_start", "face_end"), "device_automation"),
    }
    optional = entities(labels=["happy"], zones=["sofa"], moods=["glad"], snapshots=True).keys() - kinds.keys()
    assert optional == {
        *("valence", "arousal", "occupancy_sofa", "faces_sofa"),
        *("mood", "mood_start_glad", "mood_end_glad", "take_snapshot", "snapshot"),
    }


def test_each_entity_has_the_required_keys_of_its_platform_and_no_unknown_ones() -> None:
    for key, entity in entities(**EVERYTHING).items():
        platform = entity["platform"]
        assert entity["qos"] == 1  # entities do not inherit that of the device
        if platform == "device_automation":
            assert set(entity) == TRIGGER
        else:
            assert {"unique_id", "name", *REQUIRED[platform]} <= set(entity) <= ALLOWED[platform], key
        for topic in (value for name, value in entity.items() if name.endswith("topic")):
            assert topic.startswith("fer/a/")
            assert not set(topic) & set("+#")


def test_names_are_distinct_and_without_that_of_the_device() -> None:
    found = of_entities(
        discovery_message("fer/porch", "porch", {**INFO, "labels": ["sad"], "zones": ["x"]})["components"]
    )
    names = [entity["name"] for entity in found.values()]
    assert len(set(names)) == len(names)
    assert not any("porch" in name.lower() or name[0].islower() for name in names)


def test_units_and_state_classes_fit_the_device_class() -> None:
    found = entities()
    for entity in (entity for entity in found.values() if entity["platform"] == "sensor"):
        kind = entity.get("device_class")
        assert (kind == "enum") == ("options" in entity)
        if kind == "enum":
            assert not {"state_class", "unit_of_measurement"} & set(entity)
        elif kind:
            assert entity["unit_of_measurement"] in UNITS[kind]
        assert entity.get("state_class") in {None, *STATE_CLASSES}
    assert found["emotion"]["options"] == INFO["labels"]


def test_entities_have_their_category_and_values_from_health_expire() -> None:
    categories = {
        **dict.fromkeys(("fps", "latency", "temperature", "lost", "accelerator"), "diagnostic"),
        **dict.fromkeys(("connectivity", "problem"), "diagnostic"),
        **dict.fromkeys(("min_score", "min_face", "rate", "restart", "reset"), "config"),
    }
    for key, entity in entities(**EVERYTHING).items():
        assert entity.get("entity_category") == categories.get(key)
        of_health = entity.get("state_topic") == "fer/a/health"
        assert ("expire_after" in entity) == of_health
        if of_health:
            assert entity["expire_after"] > 60


@pytest.mark.parametrize("device", DEVICES)
def test_ids_have_only_characters_that_home_assistant_allows(device: str) -> None:
    message = discovery_message(f"fer/{device}", device, {**INFO, **EVERYTHING})
    ids = [
        discovery_topic("homeassistant", device).split("/")[2],
        *message["device"]["identifiers"],
        *message["components"],
    ]
    ids += [entity["unique_id"] for entity in of_entities(message["components"]).values()]
    assert all(ID.fullmatch(one) for one in ids)


def test_no_two_devices_share_an_id() -> None:
    ids = []
    for device in DEVICES:
        message = discovery_message(f"fer/{device}", device, {**INFO, **EVERYTHING})
        found = of_entities(message["components"])
        ids.append({entity["unique_id"] for entity in found.values()})
        assert len(ids[-1]) == len(found)
    assert not any(one & other for one, other in combinations(ids, 2))
    assert len({discovery_topic("homeassistant", device) for device in DEVICES}) == len(DEVICES)


def test_a_run_is_announced_after_its_status_info_state_and_settings(run_messages: list[tuple[str, str]]) -> None:
    topics = [topic for topic, _ in run_messages]
    assert topics.count("homeassistant/device/fer-edge-porch/config") == 1
    assert topics[:5] == [
        "fer/porch/status",
        "fer/porch/info",
        "fer/porch/state",
        "fer/porch/settings",
        "homeassistant/device/fer-edge-porch/config",
    ]
    payloads = dict(run_messages)
    info = json.loads(payloads["fer/porch/info"])
    assert json.loads(payloads[topics[4]]) == discovery_message("fer/porch", "porch", info)


@pytest.mark.parametrize("name", ["state", "settings"])
def test_state_and_settings_fit_their_schemas(run_messages: list[tuple[str, str]], name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    strict = Draft202012Validator({**schema, "additionalProperties": False})
    messages = [json.loads(text) for topic, text in run_messages if topic == f"fer/porch/{name}"]
    assert messages
    for message in messages:
        strict.validate(message)


def test_every_template_yields_a_valid_value_for_every_message_of_a_run(run_messages: list[tuple[str, str]]) -> None:
    messages = [*run_messages, ("fer/porch/health", json.dumps(health_message()))]
    config = next(text for topic, text in run_messages if topic.startswith("homeassistant/"))
    for key, entity in of_entities(json.loads(config)["components"]).items():
        if entity["platform"] == "button":
            continue
        entity.setdefault("value_template", "{{ value }}")
        values = [read(entity, payload) for topic, payload in messages if topic == entity["state_topic"]]
        assert values, key
        for value in values:
            assert is_valid(entity, value), (key, value)


def read(entity: dict[str, Any], payload: str) -> str:
    return payload if entity["value_template"] == "{{ value }}" else render(entity, payload)


def is_valid(entity: dict[str, Any], value: str) -> bool:
    platform, name = entity["platform"], entity["unique_id"].removeprefix("fer-edge-porch-")
    if platform == "event":
        return json.loads(value)["event_type"] in entity["event_types"]
    if value == "None" and platform != "switch":  # unknown
        return name != "accelerator"
    values = {
        "switch": [entity.get("state_on"), entity.get("state_off")],
        "binary_sensor": [entity.get("payload_on", "ON"), entity.get("payload_off", "OFF")],
    }.get(platform, entity.get("options"))
    if values:
        return value in values
    lowest = entity.get("min", -1 if name in {"valence", "arousal"} else 0)
    return bool(value) if name == "accelerator" else lowest <= float(value) <= entity.get("max", math.inf)
