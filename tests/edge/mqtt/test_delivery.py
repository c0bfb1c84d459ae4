"""Delivery from the outbox to the broker. Cut connections and killed brokers are in tests/integration/test_delivery."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt import (
    SHORT_KEEPALIVE,
    connected_publisher,
    count_warnings,
    filled_outbox,
    received_events,
)
from tests.support.scripted_broker import scripted_broker
from tests.support.waiting import wait_until

from fer_edge.config.broker import Broker
from fer_edge.mqtt.client import Client
from fer_edge.mqtt.connection import IN_FLIGHT, MAX_UNACKNOWLEDGED
from fer_edge.mqtt.delivery import Delivery, DeliveryError
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.paho_client import ConnectionSettings
from fer_edge.mqtt.timeouts import Timeouts


def test_events_arrive_in_order_and_leave_the_outbox(mosquitto: Mosquitto, tmp_path: Path) -> None:
    file = mosquitto.subscribe()
    outbox = Outbox(tmp_path / "outbox.sqlite")
    with connected_publisher(mosquitto.port, outbox) as publisher:
        for number in range(200):
            publisher.put(f"event {number}")
        assert publisher.flush(15)
        assert (len(outbox), outbox.lost, publisher.refused) == (0, 0, 0)
    wait_until(lambda: len(received_events(file)) >= 200)
    assert received_events(file) == [f"event {number}" for number in range(200)]


def test_events_wait_for_an_unreachable_broker(mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    outbox = filled_outbox("a", "b")
    with connected_publisher(mosquitto.port, outbox) as publisher:
        assert not publisher.flush(0.5)
        assert "connection refused" in publisher.problem
        assert len(outbox) == 2
        mosquitto.start()
        assert publisher.flush(20)


def test_an_unacknowledged_event_stays_in_the_outbox(mosquitto: Mosquitto) -> None:
    outbox = Outbox()
    with connected_publisher(mosquitto.port, outbox, timeouts=SHORT_KEEPALIVE) as publisher:
        assert publisher.flush(10)
        with mosquitto.frozen():
            publisher.put("unacknowledged")
            wait_until(lambda: not publisher.connected)
            assert len(outbox) == 1
        assert publisher.flush(20)


def test_a_broker_that_forgets_to_acknowledge_gets_everything_again_on_a_new_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    received: list[tuple[str, str]] = []
    silent = threading.Event()
    silent.set()

    def decide(topic: str, payload: str) -> int | None:
        received.append((topic, payload))
        return None if silent.is_set() else 0

    events = [str(number) for number in range(2 * IN_FLIGHT)]
    timeouts = Timeouts(acknowledgement=1.0)
    with (
        scripted_broker(decide) as port,
        connected_publisher(port, filled_outbox(*events), timeouts=timeouts) as publisher,
    ):
        wait_until(lambda: publisher.connected)
        replies = sum(publisher.send("reply/ping", {}) for _ in range(10 * MAX_UNACKNOWLEDGED))
        assert 0 < replies <= MAX_UNACKNOWLEDGED
        publisher.retain("state", {"faces": 1})
        wait_until(lambda: publisher.stalls == 1)
        assert "acknowledges no message for 1 seconds" in publisher.problem
        assert ("fer/cam/event", "0") in received
        silent.clear()
        received.clear()
        assert publisher.flush(10)
        wait_until(lambda: publisher.send("reply/ping", {}))
    assert [payload for topic, payload in received if topic == "fer/cam/event"] == events
    assert ("fer/cam/state", '{"faces":1}') in received
    assert count_warnings(caplog, "acknowledges no message") == 1


def test_a_slow_broker_is_not_taken_for_a_stalled_one() -> None:
    def decide(topic: str, payload: str) -> int:
        time.sleep(0.1)
        return 0

    events = map(str, range(IN_FLIGHT))
    timeouts = Timeouts(acknowledgement=1.0)
    with (
        scripted_broker(decide) as port,
        connected_publisher(port, filled_outbox(*events), timeouts=timeouts) as publisher,
    ):
        assert publisher.flush(10)
        assert publisher.stalls == 0


def test_a_frozen_broker_is_connected_again(mosquitto: Mosquitto) -> None:
    outbox = Outbox()
    with connected_publisher(mosquitto.port, outbox, timeouts=Timeouts(acknowledgement=0.5)) as publisher:
        assert publisher.flush(10)
        with mosquitto.frozen():
            publisher.put("x")
            wait_until(lambda: publisher.stalls)
        assert publisher.flush(20)


def test_a_refused_event_is_logged_once_counted_and_delays_nothing(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mosquitto.stop()
    rules = tmp_path / "acl"
    rules.write_text("topic write fer/cam/status\ntopic read #\n")
    mosquitto.start(f"allow_anonymous true\nacl_file {rules}")
    outbox = filled_outbox(*"abcde")
    with connected_publisher(mosquitto.port, outbox) as publisher:
        publisher.retain("info", {"version": "1"})
        assert publisher.flush(10)
        wait_until(lambda: count_warnings(caplog, "fer/cam/info: Not authorized") == 1)
        assert (len(outbox), outbox.lost, publisher.refused) == (0, 0, 5)
    assert count_warnings(caplog, "fer/cam/event: Not authorized") == 1


def test_an_event_beyond_a_quota_is_sent_again_later(caplog: pytest.LogCaptureFixture) -> None:
    received: list[str] = []

    def decide(topic: str, payload: str) -> int:
        if topic == "fer/cam/event":
            received.append(payload)
        return 0x97 if len(received) in (2, 5) else 0

    outbox = filled_outbox(*"abc")
    with scripted_broker(decide) as port, connected_publisher(port, outbox) as publisher:
        assert publisher.flush(10)
        assert (len(outbox), outbox.lost, publisher.refused) == (0, 0, 0)
    assert set(received) == set("abc")
    assert received[0] == "a"
    assert received.count("b") >= 2
    assert count_warnings(caplog, "accepts no more messages: Quota exceeded")


def test_a_refused_subscription_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with (
        scripted_broker(lambda topic, payload: 0x87 if "cmd" in topic else 0) as port,
        connected_publisher(port) as publisher,
    ):
        publisher.subscribe("fer/cam/cmd/+", lambda *message: None)
        publisher.subscribe("homeassistant/status", lambda *message: None)
        wait_until(lambda: count_warnings(caplog, "the subscription of fer/cam/cmd/+: Not authorized") == 1)
    assert not count_warnings(caplog, "homeassistant")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("thread", ["delivery", "client"])
def test_a_failed_thread_is_reported(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch, thread: str) -> None:
    def fail(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(*((Outbox, "commit") if thread == "delivery" else (Client, "_connect")), fail)
    with connected_publisher(mosquitto.port) as publisher:

        def failed() -> bool:
            try:
                publisher.put("x")
            except DeliveryError:
                return True
            return False

        wait_until(failed)
        with pytest.raises(DeliveryError):
            publisher.check()


def test_closing_does_not_wait_for_ever_for_a_blocked_disk(caplog: pytest.LogCaptureFixture) -> None:
    released = threading.Event()

    class BlockedOutbox(Outbox):
        def commit(self, *, now: bool = False) -> None:
            released.wait(30)

    client = Client(ConnectionSettings(Broker("127.0.0.1", 1), None, "cam"), lambda _: None, lambda _: None)
    delivery = Delivery(BlockedOutbox(), "fer/cam", client)
    delivery.start()
    try:
        delivery.close(0.1)
        assert count_warnings(caplog, "did not stop within 0.1 seconds")
    finally:
        released.set()
    delivery.close(10)
