"""The examples for subscribers: the program in Python, and the Node-RED flow."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import topic_matches_sub
from tests.support.media import WALK
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.mqtt import publish_lines
from tests.support.processes import run
from tests.support.waiting import wait_until

EXAMPLES = Path(__file__).parent.parent.parent / "edge" / "examples"
FLOW: list[dict[str, Any]] = json.loads((EXAMPLES / "node-red.json").read_text())


@pytest.fixture
def subscriber(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Path]:
    """The file to which the running example prints."""
    out = tmp_path / "subscriber.txt"
    command = [sys.executable, str(EXAMPLES / "subscriber.py"), "127.0.0.1", str(mosquitto.port)]
    process = subprocess.Popen(command, stdout=out.open("w"), text=True)

    def is_subscribed() -> bool:
        publish_lines(mosquitto, "fer/probe/event", "?")
        return "not an event" in out.read_text()

    wait_until(is_subscribed)
    yield out
    process.terminate()
    process.wait(10)


def event(seq: int, boot: str = "a", device: str = "porch") -> str:
    who = {"id": f"{boot}-{seq}", "boot": boot, "seq": seq, "device": device}
    return json.dumps({**who, "ts": f"2026-01-01T00:00:{seq:02}.000Z", "type": "start", "track": seq, "emotion": "sad"})


def printed(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if "JSONDecodeError" not in line]


def test_the_subscriber_prints_every_event_of_a_run_once(mosquitto: Mosquitto, subscriber: Path) -> None:
    file = mosquitto.subscribe()
    assert run("fer_edge", "--camera", WALK, "--mqtt", mosquitto.url, "--device", "porch").code == 0
    wait_until(lambda: ("fer/porch/status", "offline") in read_messages(file))
    sent = [json.loads(text) for topic, text in read_messages(file) if topic == "fer/porch/event"]
    assert sent
    lines = [f"{one['ts']}  porch  face {one['track']}  {one['type']}  {one['emotion'] or 'unsure'}" for one in sent]
    wait_until(lambda: printed(subscriber) == lines)


def test_the_subscriber_drops_duplicates_and_reports_missing_events(mosquitto: Mosquitto, subscriber: Path) -> None:
    sent = [event(3), event(4), event(4), event(3), event(7), event(0, "b"), event(1, "b"), event(9, "b")]
    publish_lines(mosquitto, "fer/porch/event", *sent)
    publish_lines(mosquitto, "fer/attic/event", event(5, "c", "attic"))
    wait_until(lambda: "attic" in subscriber.read_text())
    lines = [line.split("  ")[2] if "face" in line else line for line in printed(subscriber)]
    assert lines == [
        *("face 3", "face 4"),
        *("porch: 2 events are missing", "face 7"),
        *("face 0", "face 1"),
        *("porch: 7 events are missing", "face 9"),
        "face 5",
    ]


def test_the_subscriber_survives_payloads_that_are_not_events(mosquitto: Mosquitto, subscriber: Path) -> None:
    invalid = ["[]", "7", '"x"', "{}", '{"id":[]}', '{"id":"a","device":{},"boot":1,"seq":"x"}', event(1)[:-9], "\\xff"]
    publish_lines(mosquitto, "fer/porch/event", *invalid, event(1))
    wait_until(lambda: "face 1" in subscriber.read_text())


def nodes(kind: str) -> list[dict[str, Any]]:
    return [node for node in FLOW if node["type"] == kind]


def test_the_nodes_of_the_flow_are_connected() -> None:
    ids = [node["id"] for node in FLOW]
    assert len(ids) == len(set(ids))
    for node in FLOW:
        assert {target for wire in node.get("wires", []) for target in wire} <= set(ids)
        assert node.get("z", "fer-flow") in ids
        assert node["type"] not in {"mqtt in", "mqtt out"} or node["broker"] in {
            one["id"] for one in nodes("mqtt-broker")
        }
    assert all(len(node["wires"]) == node["outputs"] == len(node["rules"]) for node in nodes("switch"))


def test_the_flow_uses_topics_that_devices_have() -> None:
    assert [node["topic"] for node in nodes("mqtt in")] == ["fer/+/event", "fer/+/state"]
    assert all(topic_matches_sub("fer/+/cmd/pause", node["topic"]) for node in nodes("mqtt out"))
    assert [json.loads(node["payload"]) for node in nodes("inject")] == [{"paused": True}, {"paused": False}]


def test_the_flow_distinguishes_every_type_of_event() -> None:
    schema = json.loads(run("fer_edge", "--schema").out)
    (switch,) = nodes("switch")
    assert switch["property"] == "payload.type"
    assert [rule["v"] for rule in switch["rules"]] == schema["properties"]["type"]["enum"]
