"""The examples for subscribers: the program in Python, the Node-RED flows, and the Grafana dashboard of minutes.

`make test-dashboards` runs the flows in Node-RED, and tests the dashboard of sensors and the job for Prometheus.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import topic_matches_sub
from tests.support.grafana import queries
from tests.support.history import minute
from tests.support.media import WALK
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.mqtt import publish_lines
from tests.support.processes import run
from tests.support.waiting import wait_until

from fer_edge.history.sqlite_file import SqliteHistory

EXAMPLES = Path(__file__).parent.parent.parent / "edge" / "examples"
FLOW: list[dict[str, Any]] = json.loads((EXAMPLES / "node-red.json").read_text())
START_MS = 1_700_049_600_000  # of the minutes of tests.support.history, in milliseconds since 1970
MOODS: list[dict[str, Any]] = json.loads((EXAMPLES / "node-red-moods.json").read_text())


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


def nodes(kind: str, flow: list[dict[str, Any]] = FLOW) -> list[dict[str, Any]]:
    return [node for node in flow if node["type"] == kind]


@pytest.mark.parametrize("flow", [FLOW, MOODS], ids=["events", "moods"])
def test_the_nodes_of_a_flow_are_connected(flow: list[dict[str, Any]]) -> None:
    ids = [node["id"] for node in flow]
    assert len(ids) == len(set(ids))
    for node in flow:
        assert {target for wire in node.get("wires", []) for target in wire} <= set(ids)
        assert node.get("z", flow[0]["id"]) == flow[0]["id"]
        assert node["type"] not in {"mqtt in", "mqtt out"} or node["broker"] in {
            one["id"] for one in nodes("mqtt-broker", flow)
        }
    assert all(len(node["wires"]) == node["outputs"] == len(node["rules"]) for node in nodes("switch", flow))


def test_the_flows_can_be_imported_side_by_side() -> None:
    assert not {node["id"] for node in FLOW} & {node["id"] for node in MOODS}


def test_the_flows_use_topics_that_devices_have() -> None:
    assert [node["topic"] for node in nodes("mqtt in", MOODS)] == ["fer/+/mood", "fer/+/minute"]
    assert [node["topic"] for node in nodes("mqtt in")] == ["fer/+/event", "fer/+/state"]
    assert all(topic_matches_sub("fer/+/cmd/pause", node["topic"]) for node in nodes("mqtt out"))
    assert [json.loads(node["payload"]) for node in nodes("inject")] == [{"paused": True}, {"paused": False}]


def test_the_flow_distinguishes_every_type_of_event() -> None:
    schema = json.loads(run("fer_edge", "--schema").out)
    (switch,) = nodes("switch")
    assert switch["property"] == "payload.type"
    assert [rule["v"] for rule in switch["rules"]] == schema["properties"]["type"]["enum"]


def test_every_query_of_the_dashboard_of_minutes_has_a_result(tmp_path: Path) -> None:
    SqliteHistory(tmp_path / "history.sqlite").append([minute(0), minute(70, zone="it's a sofa")])
    span = {"__from": str(START_MS), "__to": str(START_MS + 71 * 60_000)}
    with closing(sqlite3.connect(tmp_path / "history.sqlite")) as database:
        for zone, hours in (("(everywhere)", 2), ("it''s a sofa", 1)):  # Grafana doubles the quotes, too
            found = queries(EXAMPLES / "grafana-minutes.json", device="porch", zone=zone, **span)
            rows = {title: database.execute(text).fetchall() for title, (text,) in found.items()}
            assert all(rows.values())
            assert rows["zone"] == [("(everywhere)",), ("it's a sofa",)]
            assert len({time for time, *_ in rows["Emotions of each hour"]}) == hours
            assert rows["Minutes"] == [(hours,)]
            assert ("happy",) in [(name,) for name, _ in rows["Shares"]]
