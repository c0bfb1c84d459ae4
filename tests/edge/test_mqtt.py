"""The publisher against a real Mosquitto."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support import Mosquitto, free_port, heard, wait_until

from fer_edge.config import Broker
from fer_edge.mqtt import Publisher
from fer_edge.outbox import Outbox


@contextmanager
def publisher(port: int, outbox: Outbox, user: str | None = None, password: str | None = None) -> Iterator[Publisher]:
    made = Publisher(Broker("127.0.0.1", port, user), password, "cam", "run1", outbox)
    try:
        yield made
    finally:
        made.close()


def filled(*payloads: str) -> Outbox:
    outbox = Outbox()
    for payload in payloads:
        outbox.put(payload)
    return outbox


def events(file: Path) -> list[str]:
    return [payload for topic, payload in heard(file) if topic == "fer/cam/event"]


def test_events_arrive_in_order_and_leave_the_outbox(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe()
    outbox = filled(*(f"event {number}" for number in range(200)))
    with publisher(mosquitto.port, outbox) as made:
        assert made.flush(15)
    assert len(outbox) == 0
    wait_until(lambda: len(events(file)) >= 200)
    assert events(file) == [f"event {number}" for number in range(200)]


def test_status_info_and_state_are_retained_and_events_are_not(mosquitto: Mosquitto) -> None:
    with publisher(mosquitto.port, filled("gone")) as made:
        made.retain("info", {"version": "1"})
        made.retain("state", {"faces": 1})
        made.retain("state", {"faces": 2})
        assert made.flush(10)
        file = mosquitto.subscribe()
        wait_until(lambda: len(heard(file)) >= 3)
        assert dict(heard(file)) == {
            "fer/cam/status": "online",
            "fer/cam/info": '{"version":"1"}',
            "fer/cam/state": '{"faces":2}',
        }
    wait_until(lambda: heard(file)[-1] == ("fer/cam/status", "offline"))


def test_a_state_that_did_not_change_is_not_sent_again(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe()
    with publisher(mosquitto.port, Outbox()) as made:
        assert made.flush(10)
        for faces in (0, 0, 1, 1, 0):
            made.retain("state", {"faces": faces})
    wait_until(lambda: ("fer/cam/status", "offline") in heard(file))
    assert [json.loads(text)["faces"] for topic, text in heard(file) if topic == "fer/cam/state"] == [0, 1, 0]


def test_what_was_stored_while_the_broker_was_away_arrives(mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    outbox = filled("a", "b")
    with publisher(mosquitto.port, outbox) as made:
        assert not made.flush(0.5)
        assert "connection refused" in made.trouble
        mosquitto.start()
        file = mosquitto.subscribe()
        assert made.flush(20)
        wait_until(lambda: events(file) == ["a", "b"])


def test_a_broker_that_restarts_is_told_everything_again_and_misses_nothing(mosquitto: Mosquitto) -> None:
    outbox = filled("before")
    with publisher(mosquitto.port, outbox) as made:
        made.retain("info", {"version": "1"})
        assert made.flush(10)
        mosquitto.stop()
        for number in range(30):
            outbox.put(f"while away {number}")
            made.pump()
        mosquitto.start()
        file = mosquitto.subscribe()
        assert made.flush(20)
        wait_until(lambda: len(events(file)) >= 30)
        assert list(dict.fromkeys(events(file))) == [f"while away {number}" for number in range(30)]
        wait_until(lambda: {"fer/cam/status", "fer/cam/info"} <= {topic for topic, _ in heard(file)})


def test_a_frozen_broker_keeps_nothing_from_the_outbox(mosquitto: Mosquitto) -> None:
    outbox = Outbox()
    with publisher(mosquitto.port, outbox) as made:
        assert made.flush(10)
        assert mosquitto.process
        os.kill(mosquitto.process.pid, signal.SIGSTOP)
        outbox.put("unacknowledged")
        assert not made.flush(1)
        assert len(outbox) == 1
        os.kill(mosquitto.process.pid, signal.SIGCONT)
        assert made.flush(10)


def test_a_wrong_password_is_said(mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    mosquitto.stop()
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "anna", "right"], check=True)
    mosquitto.start(f"allow_anonymous false\npassword_file {passwords}")
    with publisher(mosquitto.port, filled("x"), "anna", "wrong") as made:
        assert not made.flush(1)
        assert "refused: Not authorized" in made.trouble
    assert "wrong" not in caplog.text
    with publisher(mosquitto.port, filled("x"), "anna", "right") as made:
        assert made.flush(10)


def test_a_trouble_is_logged_once_however_often_it_is_met(caplog: pytest.LogCaptureFixture) -> None:
    with publisher(free_port(), Outbox()) as made:
        assert not made.flush(3.5)
    assert len([record for record in caplog.records if "connection refused" in record.message]) == 1
