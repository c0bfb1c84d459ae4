"""When the discovery message is published, and which entities of an earlier one are removed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import FakeClock
from tests.support.discovery import INFO
from tests.support.media import WALK
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.mqtt import publish, publish_lines
from tests.support.processes import run
from tests.support.waiting import wait_until

from fer_edge.config.broker import Broker
from fer_edge.mqtt.homeassistant.announcement import ANNOUNCE_INTERVAL, Announcement
from fer_edge.mqtt.homeassistant.message import discovery_message
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.publisher import Publisher

TOPIC = "homeassistant/device/fer-edge-porch/config"


def test_a_birth_message_of_home_assistant_announces_the_device_again_but_a_flood_of_them_only_once(
    mosquitto: Mosquitto,
) -> None:
    file, clock = mosquitto.subscribe("#"), FakeClock()
    publish(mosquitto, "homeassistant/status", "online", "-r")
    with Publisher(Broker("127.0.0.1", mosquitto.port), None, "porch", Outbox()) as publisher:
        Announcement(publisher, "homeassistant", "porch", INFO, clock.monotonic)
        assert publisher.flush(10)
        publish_lines(mosquitto, "homeassistant/status", "offline", *["online"] * 100)
        wait_until(lambda: announcements(file) == 2)
        clock.advance(ANNOUNCE_INTERVAL)
        publish(mosquitto, "homeassistant/status", "online", "-r")
        wait_until(lambda: announcements(file) == 3)
    wait_until(lambda: ("fer/porch/status", "offline") in read_messages(file))
    assert announcements(file) == 3


def announcements(file: Path) -> int:
    return [topic for topic, _ in read_messages(file)].count(TOPIC)


def announced(file: Path) -> list[dict[str, Any]]:
    """The components of each discovery message so far."""
    return [json.loads(text)["components"] for topic, text in read_messages(file) if topic == TOPIC]


def test_entities_that_an_earlier_run_had_are_removed_once(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe(TOPIC)
    earlier = {**INFO, "labels": ["happy", "ecstatic"], "zones": [f"zone {number}" for number in range(40)]}
    had = discovery_message("fer/porch", "porch", earlier)["components"]
    gone = had.keys() - discovery_message("fer/porch", "porch", INFO)["components"].keys()
    assert len(gone) == 81
    for info, expected in ((earlier, set()), (INFO, gone), (INFO, set())):
        start = len(announced(file))
        publisher = Publisher(Broker("127.0.0.1", mosquitto.port), None, "porch", Outbox())
        publisher.retain("info", info)
        Announcement(publisher, "homeassistant", "porch", info)
        with publisher:
            assert publisher.flush(10)
            wait_until(lambda at_least=start + bool(expected): len(announced(file)) > at_least)
        removed = {key: entity for key, entity in announced(file)[-1].items() if len(entity) == 1}
        assert removed == {key: {"platform": had[key]["platform"]} for key in expected}


def test_an_info_that_is_none_is_ignored_and_entities_may_change_during_the_run(mosquitto: Mosquitto) -> None:
    file, components = mosquitto.subscribe(TOPIC), discovery_message("fer/porch", "porch", INFO)["components"]
    for payload in ("[]", "{", "5", '{"labels": 5}', '{"labels": [], "model": {}}', '{"labels": [5], "model": []}'):
        publish(mosquitto, "fer/porch/info", payload, "-r")
        with Publisher(Broker("127.0.0.1", mosquitto.port), None, "porch", Outbox()) as publisher:
            announcement = Announcement(publisher, "homeassistant", "porch", INFO)
            assert publisher.flush(10)
            wait_until(lambda: announced(file) and announced(file)[-1] == components)
            announcement.publish({**INFO, "labels": ["happy", "calm"]})
            wait_until(lambda: announced(file)[-1]["emotion"]["options"] == ["happy", "calm"])
            assert announced(file)[-1]["score_sad"] == {"platform": "sensor"}


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
