"""The client: reconnecting, choosing the version of MQTT, and reporting why the broker cannot be used."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest
from tests.demo import embedded_broker
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt import SHORT_KEEPALIVE, connected_publisher, count_warnings, filled_outbox, password_file
from tests.support.network import free_port
from tests.support.scripted_broker import ACCEPTED, hanging_up_broker
from tests.support.waiting import open_descriptors, wait_until

from fer_edge.backoff import Backoff
from fer_edge.mqtt.timeouts import Timeouts

SAME_ID = "does another device use the client id fer-edge-cam?"
TAKEN_OVER = b"\xe0\x07\x8e\x05\x1f\x00\x02hi"  # a DISCONNECT of MQTT 5 with a reason string


def test_a_frozen_broker_is_noticed_and_connected_again(mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    with connected_publisher(mosquitto.port, timeouts=SHORT_KEEPALIVE) as publisher:
        assert publisher.flush(10)
        with mosquitto.frozen():
            wait_until(lambda: not publisher.connected)
        assert publisher.flush(20)
    assert count_warnings(caplog, "connection lost: Keep alive timeout")


def test_a_broker_that_does_not_answer_is_reported(mosquitto: Mosquitto) -> None:
    timeouts = Timeouts(connect=0.2, mqtt5_connack=0.2)
    with mosquitto.frozen(), connected_publisher(mosquitto.port, timeouts=timeouts) as publisher:
        wait_until(lambda: "does not answer" in publisher.problem)


def test_a_wrong_password_is_reported_and_no_password_is_logged(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mosquitto.stop()
    mosquitto.start(f"allow_anonymous false\npassword_file {password_file(tmp_path, 'anna', 'right')}")
    with connected_publisher(mosquitto.port, filled_outbox("x"), ("anna", "wrong")) as publisher:
        assert not publisher.flush(1)
        assert "refused: Not authorized" in publisher.problem
    assert "wrong" not in caplog.text
    with connected_publisher(mosquitto.port, filled_outbox("x"), ("anna", "right")) as publisher:
        assert publisher.flush(10)


def test_a_problem_is_logged_once_however_often_it_is_met(caplog: pytest.LogCaptureFixture) -> None:
    with connected_publisher(free_port()) as publisher:
        assert not publisher.flush(2)
    assert count_warnings(caplog, "connection refused") == 1


def test_mqtt_5_is_used_with_a_broker_that_knows_it(mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with connected_publisher(mosquitto.port) as publisher:
        assert publisher.flush(10)
    assert f"connected to {mosquitto.url} (MQTT 5)" in caplog.text


def test_mqtt_3_1_1_is_used_with_a_broker_that_does_not_answer_mqtt_5(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    port = free_port()
    with embedded_broker(port), connected_publisher(port, filled_outbox("x")) as publisher:
        assert publisher.flush(10)
    assert "(MQTT 3.1.1)" in caplog.text


@pytest.mark.parametrize("refusal", [b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00", b""])
def test_mqtt_3_1_1_is_tried_at_once_when_mqtt_5_is_refused(refusal: bytes) -> None:
    versions: list[int] = []

    def answer(connect: bytes) -> bytes:
        versions.append(connect[8])
        return refusal if connect[8] == 5 else b"\x20\x02\x00\x05"

    with hanging_up_broker(answer) as port, connected_publisher(port) as publisher:
        wait_until(lambda: "refused: Not authorized" in publisher.problem)
    assert versions[:2] == [5, 4]


def test_two_devices_with_the_same_id_are_reported(mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    with connected_publisher(mosquitto.port) as first:
        assert first.flush(10)
        with connected_publisher(mosquitto.port):
            wait_until(lambda: count_warnings(caplog, SAME_ID))


def test_a_session_that_is_taken_over_is_reported_the_first_time(caplog: pytest.LogCaptureFixture) -> None:
    with hanging_up_broker(lambda connect: ACCEPTED + TAKEN_OVER) as port, connected_publisher(port):
        wait_until(lambda: count_warnings(caplog, f"Session taken over ({SAME_ID}"))


def test_connections_that_never_last_are_reported_as_a_second_device(caplog: pytest.LogCaptureFixture) -> None:
    with hanging_up_broker(lambda connect: ACCEPTED) as port, connected_publisher(port):
        wait_until(lambda: count_warnings(caplog, SAME_ID))


@pytest.mark.parametrize("answer", [b"", ACCEPTED, b"\x20\x03\x00\x87\x00", b"HTTP/1.1 400 Bad Request\r\n"])
def test_failed_connections_leave_no_socket_or_thread_behind(answer: bytes) -> None:
    attempts: list[bytes] = []

    def reply(connect: bytes) -> bytes:
        attempts.append(connect)
        return answer

    def held() -> int:
        return open_descriptors() + threading.active_count()

    with hanging_up_broker(reply) as port, connected_publisher(port, backoff=Backoff(0.0, 0.0)):
        wait_until(lambda: len(attempts) > 10)
        before = held()
        wait_until(lambda: len(attempts) > 300)
        wait_until(lambda: held() <= before)  # at once, without the garbage collector
