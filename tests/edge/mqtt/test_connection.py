"""One connection: transports, limits, acknowledgements, and how it ends."""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.mqtt import connected_publisher, filled_outbox, publish, received_events
from tests.support.network import free_port
from tests.support.scripted_broker import scripted_broker
from tests.support.waiting import wait_until

from fer_edge.config.broker import Broker
from fer_edge.mqtt.connection import MAX_HEADER_SIZE, Callbacks, Connection, Disconnect
from fer_edge.mqtt.paho_client import ConnectionSettings


class Recorder:
    """Runs a connection in a thread and records its callbacks."""

    def __init__(self, port: int, version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5) -> None:
        self.ready_during_on_connect: list[bool] = []
        self.messages: list[bytes] = []
        self.changed = threading.Event()
        self.end: Disconnect | None = None
        settings = ConnectionSettings(Broker("127.0.0.1", port), None, "recorder", "fer/recorder/status")
        callbacks = Callbacks(self._on_connect, self._on_message, self.changed.set)
        self.connection = Connection(settings, version, callbacks)
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self.end = self.connection.run(clean_start=True)

    def _on_connect(self, connection: Connection) -> None:
        assert connection.open
        self.ready_during_on_connect.append(connection.ready)

    def _on_message(self, message: paho.MQTTMessage) -> None:
        self.messages.append(bytes(message.payload))


@contextmanager
def running(port: int, version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5) -> Iterator[Recorder]:
    recorder = Recorder(port, version)
    recorder.thread.start()
    wait_until(lambda: recorder.connection.ready)
    yield recorder
    recorder.connection.close()
    recorder.thread.join(10)
    assert not recorder.thread.is_alive()


def test_a_shortage_of_file_descriptors_ends_the_attempt_with_its_reason(mosquitto: Mosquitto) -> None:
    free = os.dup(0)
    os.close(free)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    reasons = set()
    for spare in range(8):
        recorder = Recorder(mosquitto.port)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free + spare, limits[1]))
        try:
            recorder.thread.start()
            wait_until(lambda recorder=recorder: recorder.connection.ready or not recorder.thread.is_alive())  # type: ignore[misc]
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        recorder.connection.close()
        recorder.thread.join(10)
        assert recorder.end, "an unexpected error would end the delivery for good"
        reasons.add(recorder.end.problem and recorder.end.problem.text)
    assert "too many open files" in reasons


def test_a_connection_is_ready_once_on_connect_has_returned_and_until_it_ends(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe()
    with running(mosquitto.port) as recorder:
        assert recorder.ready_during_on_connect == [False]
        assert recorder.connection.version == "5"
    assert not recorder.connection.open
    assert not recorder.connection.ready
    wait_until(lambda: read_messages(file) == [("fer/recorder/status", "offline")])


def test_messages_and_subscriptions_are_acknowledged_in_order(mosquitto: Mosquitto) -> None:
    with running(mosquitto.port) as recorder:
        recorder.connection.subscribe("fer/recorder/cmd")
        mids = [recorder.connection.publish("fer/recorder/event", text) for text in "ab"]
        acknowledgements = []

        def complete() -> bool:
            acknowledgements.extend(recorder.connection.acknowledgements())
            return len(acknowledgements) == 3

        wait_until(complete)
        assert [one.request for one in acknowledgements] == [
            "the subscription of fer/recorder/cmd",
            *["messages to fer/recorder/event"] * 2,
        ]
        assert [one.mid for one in acknowledgements[1:]] == mids
        assert not any(one.refusal or one.retryable for one in acknowledgements)
        publish(mosquitto, "fer/recorder/cmd", "hello")
        wait_until(lambda: recorder.messages == [b"hello"])


def test_an_aborted_connection_ends_at_once_though_messages_are_unacknowledged() -> None:
    acknowledge = threading.Event()

    def decide(topic: str, payload: str) -> int:
        acknowledge.wait(30)
        return 0

    with scripted_broker(decide) as port, running(port) as recorder:
        recorder.connection.publish("fer/recorder/event", "x")
        recorder.connection.abort("enough")
        recorder.thread.join(5)
        assert recorder.end
        assert recorder.end.problem.text == "enough"
        assert recorder.end.lasted is not None
        acknowledge.set()


def test_an_expiry_is_left_out_with_mqtt_3_1_1(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe()
    with running(mosquitto.port, MQTTProtocolVersion.MQTTv311) as recorder:
        assert recorder.connection.version == "3.1.1"
        recorder.connection.publish("fer/recorder/state", "x", retain=True, expiry=600)
        wait_until(lambda: ("fer/recorder/state", "x") in read_messages(file))


def test_a_broker_that_allows_few_unacknowledged_messages_gets_few(mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    mosquitto.start("allow_anonymous true\nmax_inflight_messages 2")
    file = mosquitto.subscribe()
    with connected_publisher(mosquitto.port, filled_outbox(*map(str, range(50)))) as publisher:
        for name in "abcdef":
            publisher.retain(name, {})
        assert publisher.flush(10)
    wait_until(lambda: received_events(file) == [str(number) for number in range(50)])


def test_a_message_that_is_larger_than_the_broker_accepts_is_refused_and_delays_nothing(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    mosquitto.stop()
    mosquitto.start("allow_anonymous true\nmax_packet_size 1500")
    file = mosquitto.subscribe()
    largest = 1500 - len("fer/cam/event") - MAX_HEADER_SIZE
    with connected_publisher(mosquitto.port, filled_outbox("a", "b" * (largest + 1), "c" * largest)) as publisher:
        assert publisher.flush(10)
        assert publisher.refused == 1
    wait_until(lambda: received_events(file) == ["a", "c" * largest])
    assert [record.getMessage() for record in caplog.records] == [
        "the broker refuses messages to fer/cam/event: Packet too large"
    ]


def test_websockets_work_too(mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    port = free_port()
    mosquitto.start(f"allow_anonymous true\nlistener {port}\nprotocol websockets")
    file = mosquitto.subscribe()
    with connected_publisher(port, filled_outbox("x"), scheme="ws") as publisher:
        assert publisher.flush(10)
    wait_until(lambda: received_events(file) == ["x"])
