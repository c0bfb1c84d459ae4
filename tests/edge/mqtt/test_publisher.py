"""The publisher against a real Mosquitto: what it sends on each connection, and what it passes on."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

import pytest
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.mqtt import (
    FAST_BACKOFF,
    SHORT_KEEPALIVE,
    connected_publisher,
    filled_outbox,
    publish,
    received_events,
)
from tests.support.waiting import wait_until

from fer_edge.config.broker import Broker
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.publisher import Publisher


def test_nothing_connects_before_the_start(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe()
    threads = threading.active_count()
    publisher = Publisher(Broker("127.0.0.1", mosquitto.port), None, "cam", Outbox(), backoff=FAST_BACKOFF)
    publisher.retain("info", {"version": "1"})
    publisher.put("an event")
    publisher.check()
    assert threading.active_count() == threads
    assert not publisher.connected
    with publisher:
        assert publisher.flush(10)
    wait_until(lambda: ("fer/cam/status", "offline") in read_messages(file))
    assert read_messages(file) == [
        ("fer/cam/status", "online"),
        ("fer/cam/info", '{"version":"1"}'),
        ("fer/cam/event", "an event"),
        ("fer/cam/status", "offline"),
    ]


def test_a_publisher_that_was_never_started_can_be_closed() -> None:
    Publisher(Broker("127.0.0.1", 1), None, "cam", Outbox()).close()


def test_status_info_and_state_are_retained_and_events_are_not(mosquitto: Mosquitto) -> None:
    with connected_publisher(mosquitto.port, filled_outbox("delivered")) as publisher:
        publisher.retain("info", {"version": "1"})
        publisher.retain("state", {"faces": 1})
        publisher.retain("state", {"faces": 2})
        assert publisher.flush(10)
        file = mosquitto.subscribe()
        wait_until(lambda: len(read_messages(file)) >= 3)
        assert dict(read_messages(file)) == {
            "fer/cam/status": "online",
            "fer/cam/info": '{"version":"1"}',
            "fer/cam/state": '{"faces":2}',
        }
    wait_until(lambda: read_messages(file)[-1] == ("fer/cam/status", "offline"))


def test_an_unchanged_state_is_not_sent_again(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe()
    with connected_publisher(mosquitto.port) as publisher:
        assert publisher.flush(10)
        for faces in (0, 0, 1, 1, 0):
            publisher.retain("state", {"faces": faces})
    wait_until(lambda: ("fer/cam/status", "offline") in read_messages(file))
    assert [json.loads(text)["faces"] for topic, text in read_messages(file) if topic == "fer/cam/state"] == [
        0,
        1,
        0,
    ]


def test_an_expiring_state_is_sent_again_in_time_and_is_discarded_when_it_is_not(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe()
    with connected_publisher(mosquitto.port) as publisher:
        assert publisher.flush(10)

        def was_sent_again() -> bool:
            publisher.retain("state", {"faces": 1}, expiry=2)
            return [topic for topic, _ in read_messages(file)].count("fer/cam/state") >= 2

        wait_until(was_sent_again)
        time.sleep(3.5)  # the time of the broker is real
        late = mosquitto.subscribe()
        wait_until(lambda: read_messages(late))
        assert [topic for topic, _ in read_messages(late)] == ["fer/cam/status"]


def test_each_connection_begins_with_online_and_the_retained_messages_in_their_order(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe("#")
    with connected_publisher(mosquitto.port, timeouts=SHORT_KEEPALIVE) as publisher:
        publisher.retain("info", {"version": "1"})
        publisher.retain("state", {"faces": 2})
        publisher.retain_at("homeassistant/device/cam/config", "{}")
        assert publisher.flush(10)
        wait_until(lambda: len(read_messages(file)) == 4)
        with mosquitto.frozen():
            wait_until(lambda: not publisher.connected)
            publisher.retain("state", {"faces": 3})
            publisher.put("an event")
        wait_until(lambda: received_events(file))
    messages = [message for message in read_messages(file) if message != ("fer/cam/status", "offline")]
    assert messages[4:] == [
        ("fer/cam/status", "online"),
        ("fer/cam/info", '{"version":"1"}'),
        ("fer/cam/state", '{"faces":3}'),
        ("homeassistant/device/cam/config", "{}"),
        ("fer/cam/event", "an event"),
    ]


def test_a_message_retained_while_connecting_is_neither_lost_nor_overtaken(mosquitto: Mosquitto) -> None:
    """Another thread changes the state all the time, across many connections; the broker ends with its last word."""
    file = mosquitto.subscribe()
    stop, number = threading.Event(), 0

    with connected_publisher(mosquitto.port) as publisher:

        def change() -> None:
            nonlocal number
            while not stop.wait(0.001):
                number += 1
                publisher.retain("state", {"faces": number})

        thread = threading.Thread(target=change)
        thread.start()
        for _ in range(3):
            wait_until(lambda: publisher.connected)
            mosquitto.stop()
            wait_until(lambda: not publisher.connected)
            mosquitto.start()
        wait_until(lambda: publisher.connected)
        stop.set()
        thread.join(10)
        retained = mosquitto.subscribe("fer/cam/state")
        wait_until(lambda: read_messages(retained)[-1:] == [("fer/cam/state", f'{{"faces":{number}}}')])
    states = [json.loads(text)["faces"] for topic, text in read_messages(file) if topic == "fer/cam/state"]
    assert states == sorted(states)


def test_messages_to_the_device_reach_the_handler_before_and_after_a_restart_of_the_broker(
    mosquitto: Mosquitto,
) -> None:
    received: list[tuple[str, bytes, bool]] = []
    with connected_publisher(mosquitto.port) as publisher:
        publisher.subscribe("fer/cam/cmd/+", lambda *message: received.append(message))
        assert publisher.flush(10)
        for _ in range(2):
            wait_until(lambda: publisher.connected)
            publish(mosquitto, "fer/cam/cmd/ping", "x")
            publish(mosquitto, "fer/cam/elsewhere", "y")
            wait_until(lambda: received)
            assert received == [("fer/cam/cmd/ping", b"x", False)]
            received.clear()
            mosquitto.stop()
            wait_until(lambda: not publisher.connected)
            mosquitto.start()
        publisher.subscribe("later", lambda *message: received.append(message))
        wait_until(lambda: publisher.connected)
        publish(mosquitto, "later", "z", "-r")
        wait_until(lambda: ("later", b"z", False) in received)


def test_an_exception_in_a_handler_is_logged_and_does_no_harm(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    mosquitto.stop()
    with connected_publisher(mosquitto.port) as publisher:
        publisher.subscribe("fer/cam/cmd/+", lambda topic, payload, retained: json.loads(payload))
        mosquitto.start()
        file = mosquitto.subscribe()
        assert publisher.flush(10)
        publish(mosquitto, "fer/cam/cmd/ping", "{")
        wait_until(lambda: "Caught exception in on_message" in caplog.text)
        publisher.put("still connected")
        assert publisher.flush(10)
    wait_until(lambda: received_events(file) == ["still connected"])


def test_a_message_that_is_not_retained_is_sent_at_once_or_dropped(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe()
    with connected_publisher(mosquitto.port) as publisher:
        assert publisher.flush(10)
        assert publisher.send("health", {"fps": 5})
        wait_until(lambda: ("fer/cam/health", '{"fps":5}') in read_messages(file))
        mosquitto.stop()
        wait_until(lambda: not publisher.connected)
        assert not publisher.send("health", {"fps": 6})


def test_a_device_that_was_killed_is_offline_by_its_last_will(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe()
    program = (
        "import os, sys; from fer_edge.config.broker import Broker; from fer_edge.mqtt.outbox import Outbox\n"
        "from fer_edge.mqtt.publisher import Publisher\n"
        "publisher = Publisher(Broker('127.0.0.1', int(sys.argv[1])), None, 'cam', Outbox())\n"
        "publisher.start()\n"
        "assert publisher.flush(10)\nos._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(mosquitto.port)], check=False, timeout=30)
    wait_until(lambda: read_messages(file) == [("fer/cam/status", "online"), ("fer/cam/status", "offline")])
