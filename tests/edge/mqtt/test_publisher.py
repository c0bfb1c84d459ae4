"""The publisher against a real Mosquitto."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.demo import embedded_broker
from tests.support import Mosquitto, free_port, heard, wait_until
from tests.support.publishing import publish
from tests.support.scripted_broker import rude_broker

from fer_edge.backoff import Backoff
from fer_edge.config.broker import Broker
from fer_edge.mqtt.delivery import DeliveryError
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.publisher import Publisher
from fer_edge.mqtt.timeouts import Timeouts

FAST = Backoff(0.1, 0.4)
ALERT = Timeouts(keepalive=1)  # notices within two seconds that the broker is frozen


@contextmanager
def publisher(
    port: int,
    outbox: Outbox,
    user: str | None = None,
    password: str | None = None,
    *,
    scheme: str = "mqtt",
    timeouts: Timeouts | None = None,
    backoff: Backoff = FAST,
) -> Iterator[Publisher]:
    broker = Broker("127.0.0.1", port, user, scheme, "/mqtt" if scheme == "ws" else "")
    with Publisher(broker, password, "cam", outbox, timeouts=timeouts, backoff=backoff) as made:
        yield made


def filled(*payloads: str) -> Outbox:
    outbox = Outbox()
    for payload in payloads:
        outbox.put(payload)
    return outbox


def events(file: Path) -> list[str]:
    return [payload for topic, payload in heard(file) if topic == "fer/cam/event"]


def complaints(caplog: pytest.LogCaptureFixture, text: str) -> int:
    return sum(text in record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING)


def test_events_arrive_in_order_and_leave_the_outbox(mosquitto: Mosquitto, tmp_path: Path) -> None:
    file = mosquitto.subscribe()
    outbox = Outbox(tmp_path / "outbox.sqlite")
    with publisher(mosquitto.port, outbox) as made:
        for number in range(200):
            made.put(f"event {number}")
        assert made.flush(15)
        assert made.counts == {"queue": 0, "lost": 0, "refused": 0}
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


def test_a_state_that_expires_is_said_again_in_time_and_is_gone_when_nobody_says_it(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe()
    with publisher(mosquitto.port, Outbox()) as made:
        assert made.flush(10)

        def said_twice() -> bool:
            made.retain("state", {"faces": 1}, expiry=2)
            return [topic for topic, _ in heard(file)].count("fer/cam/state") >= 2

        wait_until(said_twice)
        time.sleep(3.5)
        late = mosquitto.subscribe()
        wait_until(lambda: heard(late))
        assert [topic for topic, _ in heard(late)] == ["fer/cam/status"]


def test_each_connection_begins_with_online_and_what_is_retained_in_its_order(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe("#")
    with publisher(mosquitto.port, Outbox(), timeouts=ALERT) as made:
        made.retain("info", {"version": "1"})
        made.retain("state", {"faces": 2})
        made.retain_at("homeassistant/device/cam/config", "{}")
        assert made.flush(10)
        wait_until(lambda: len(heard(file)) == 4)
        with mosquitto.frozen():
            wait_until(lambda: not made.connected)
            made.retain("state", {"faces": 3})
            made.put("an event")
        wait_until(lambda: events(file))
    said = [message for message in heard(file) if message != ("fer/cam/status", "offline")]
    assert said[4:] == [
        ("fer/cam/status", "online"),
        ("fer/cam/info", '{"version":"1"}'),
        ("fer/cam/state", '{"faces":3}'),
        ("homeassistant/device/cam/config", "{}"),
        ("fer/cam/event", "an event"),
    ]


def test_what_was_stored_while_the_broker_was_away_is_acknowledged_when_it_is_back(mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    outbox = filled("a", "b")
    with publisher(mosquitto.port, outbox) as made:
        assert not made.flush(0.5)
        assert "connection refused" in made.problem
        assert len(outbox) == 2
        mosquitto.start()
        assert made.flush(20)


def test_what_is_sent_to_the_device_is_handed_on_before_and_after_a_restart_of_the_broker(mosquitto: Mosquitto) -> None:
    got: list[tuple[str, bytes, bool]] = []
    with publisher(mosquitto.port, Outbox()) as made:
        made.subscribe("fer/cam/cmd/+", lambda *message: got.append(message))
        assert made.flush(10)
        for _ in range(2):
            wait_until(lambda: made.connected)
            publish(mosquitto, "fer/cam/cmd/ping", "x")
            publish(mosquitto, "fer/cam/elsewhere", "y")
            wait_until(lambda: got)
            assert got == [("fer/cam/cmd/ping", b"x", False)]
            got.clear()
            mosquitto.stop()
            wait_until(lambda: not made.connected)
            mosquitto.start()
        made.subscribe("later", lambda *message: got.append(message))
        wait_until(lambda: made.connected)
        publish(mosquitto, "later", "z", "-r")
        wait_until(lambda: ("later", b"z", False) in got)


def test_an_exception_in_a_handler_is_logged_and_survived(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    mosquitto.stop()
    with publisher(mosquitto.port, Outbox()) as made:
        made.subscribe("fer/cam/cmd/+", lambda topic, payload, retained: json.loads(payload))
        mosquitto.start()
        file = mosquitto.subscribe()
        assert made.flush(10)
        publish(mosquitto, "fer/cam/cmd/ping", "{")
        wait_until(lambda: "Caught exception in on_message" in caplog.text)
        made.put("still there")
        assert made.flush(10)
    wait_until(lambda: events(file) == ["still there"])


def test_a_message_that_is_not_retained_goes_out_now_or_never(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe()
    with publisher(mosquitto.port, Outbox()) as made:
        assert made.flush(10)
        assert made.send("health", {"fps": 5})
        wait_until(lambda: ("fer/cam/health", '{"fps":5}') in heard(file))
        mosquitto.stop()
        wait_until(lambda: not made.connected)
        assert not made.send("health", {"fps": 6})


def test_a_frozen_broker_keeps_nothing_from_the_outbox_and_is_noticed(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = Outbox()
    with publisher(mosquitto.port, outbox, timeouts=ALERT) as made:
        assert made.flush(10)
        with mosquitto.frozen():
            made.put("unacknowledged")
            wait_until(lambda: not made.connected)
            assert len(outbox) == 1
        assert made.flush(20)
    assert complaints(caplog, "connection lost: Keep alive timeout")


def test_a_broker_that_does_not_answer_is_reported(mosquitto: Mosquitto) -> None:
    timeouts = Timeouts(connect=0.2, mqtt5_connack=0.2)
    with mosquitto.frozen(), publisher(mosquitto.port, Outbox(), timeouts=timeouts) as made:
        wait_until(lambda: "does not answer" in made.problem)


def test_a_wrong_password_is_said(mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    mosquitto.stop()
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "anna", "right"], check=True)
    mosquitto.start(f"allow_anonymous false\npassword_file {passwords}")
    with publisher(mosquitto.port, filled("x"), "anna", "wrong") as made:
        assert not made.flush(1)
        assert "refused: Not authorized" in made.problem
    assert "wrong" not in caplog.text
    with publisher(mosquitto.port, filled("x"), "anna", "right") as made:
        assert made.flush(10)


def test_a_trouble_is_logged_once_however_often_it_is_met(caplog: pytest.LogCaptureFixture) -> None:
    with publisher(free_port(), Outbox()) as made:
        assert not made.flush(2)
    assert complaints(caplog, "connection refused") == 1


def test_what_the_broker_denies_is_said_once_and_counted_and_holds_nothing_up(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mosquitto.stop()
    rules = tmp_path / "acl"
    rules.write_text("topic write fer/cam/status\ntopic read #\n")
    mosquitto.start(f"allow_anonymous true\nacl_file {rules}")
    with publisher(mosquitto.port, filled(*"abcde")) as made:
        made.retain("info", {"version": "1"})
        assert made.flush(10)
        wait_until(lambda: complaints(caplog, "fer/cam/info: Not authorized") == 1)
        assert made.counts == {"queue": 0, "lost": 0, "refused": 5}
    assert complaints(caplog, "fer/cam/event: Not authorized") == 1


def test_a_broker_that_takes_few_messages_at_a_time_gets_few(mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    mosquitto.start("allow_anonymous true\nmax_inflight_messages 2")
    file = mosquitto.subscribe()
    with publisher(mosquitto.port, filled(*map(str, range(50)))) as made:
        for name in "abcdef":
            made.retain(name, {})
        assert made.flush(10)
    wait_until(lambda: events(file) == [str(number) for number in range(50)])


def test_mqtt_5_is_spoken_to_who_knows_it(mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with publisher(mosquitto.port, Outbox()) as made:
        assert made.flush(10)
    assert f"connected to {mosquitto.url} (MQTT 5)" in caplog.text


def test_a_broker_that_falls_silent_at_mqtt_5_is_spoken_to_in_the_older_one(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    port = free_port()
    with embedded_broker(port), publisher(port, filled("x")) as made:
        assert made.flush(10)
    assert "(MQTT 3.1.1)" in caplog.text


def serve(answer: Callable[[bytes], bytes]) -> tuple[socket.socket, int]:
    """A broker that answers each CONNECT with what `answer` makes of it, and hangs up."""
    server = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.sendall(answer(connection.recv(1000)))

    threading.Thread(target=run, daemon=True).start()
    return server, server.getsockname()[1]


@pytest.mark.parametrize("refusal", [b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00", b""])
def test_a_broker_that_refuses_mqtt_5_is_asked_at_once_in_the_older_one(refusal: bytes) -> None:
    versions: list[int] = []

    def answer(connect: bytes) -> bytes:
        versions.append(connect[8])
        return refusal if connect[8] == 5 else b"\x20\x02\x00\x05"

    server, port = serve(answer)
    with server, publisher(port, Outbox()) as made:
        wait_until(lambda: "refused: Not authorized" in made.problem)
    assert versions[:2] == [5, 4]


def test_two_devices_of_one_name_are_told(mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    with publisher(mosquitto.port, Outbox()) as first:
        assert first.flush(10)
        with publisher(mosquitto.port, Outbox()):
            wait_until(lambda: complaints(caplog, "does another device use the client id fer-edge-cam?"))


def test_a_session_that_is_taken_over_is_told_the_first_time(caplog: pytest.LogCaptureFixture) -> None:
    server, port = serve(lambda connect: b"\x20\x03\x00\x00\x00" + b"\xe0\x07\x8e\x05\x1f\x00\x02hi")
    with server, publisher(port, Outbox()):
        wait_until(lambda: complaints(caplog, "Session taken over (does another device use"))


def test_connections_that_never_last_make_us_ask_who_has_our_name(caplog: pytest.LogCaptureFixture) -> None:
    server, port = serve(lambda connect: b"\x20\x03\x00\x00\x00")
    with server, publisher(port, Outbox()):
        wait_until(lambda: complaints(caplog, "does another device use the client id fer-edge-cam?"))


def test_websockets_carry_it_too(mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    port = free_port()
    mosquitto.start(f"allow_anonymous true\nlistener {port}\nprotocol websockets")
    file = mosquitto.subscribe()
    with publisher(port, filled("x"), scheme="ws") as made:
        assert made.flush(10)
    wait_until(lambda: events(file) == ["x"])


def test_a_device_that_is_gone_is_offline_though_it_could_not_say_so(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe()
    program = (
        "import os, sys; from fer_edge.config.broker import Broker; from fer_edge.mqtt.outbox import Outbox\n"
        "from fer_edge.mqtt.publisher import Publisher\n"
        "made = Publisher(Broker('127.0.0.1', int(sys.argv[1])), None, 'cam', Outbox())\nmade.start()\n"
        "assert made.flush(10)\nos._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(mosquitto.port)], check=False, timeout=30)
    wait_until(lambda: heard(file) == [("fer/cam/status", "online"), ("fer/cam/status", "offline")])


def test_a_quota_that_is_exceeded_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    got: list[str] = []

    def judge(topic: str, payload: str) -> int:
        if topic == "fer/cam/event":
            got.append(payload)
        return 0x97 if len(got) in (2, 5) else 0

    outbox = filled(*"abc")
    with rude_broker(judge) as port, publisher(port, outbox) as made:
        assert made.flush(10)
        assert made.counts == {"queue": 0, "lost": 0, "refused": 0}
    assert set(got) == set("abc")
    assert got[0] == "a"
    assert got.count("b") >= 2
    assert complaints(caplog, "accepts no more messages: Quota exceeded")


def test_a_subscription_that_is_denied_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with rude_broker(lambda topic, payload: 0x87 if "cmd" in topic else 0) as port, publisher(port, Outbox()) as made:
        made.subscribe("fer/cam/cmd/+", lambda *message: None)
        made.subscribe("homeassistant/status", lambda *message: None)
        wait_until(lambda: complaints(caplog, "the subscription of fer/cam/cmd/+: Not authorized") == 1)
    assert not complaints(caplog, "homeassistant")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_has_failed_is_no_secret(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(outbox: Outbox) -> None:
        raise SystemExit

    with publisher(mosquitto.port, Outbox()) as made:
        monkeypatch.setattr(Outbox, "commit", fail)

        def failed() -> bool:
            try:
                made.put("x")
            except DeliveryError:
                return True
            return False

        wait_until(failed)


@pytest.mark.parametrize(
    "answer", [b"", b"\x20\x03\x00\x00\x00", b"\x20\x03\x00\x87\x00", b"HTTP/1.1 400 Bad Request\r\n"]
)
def test_connections_that_fail_leave_nothing_behind(answer: bytes) -> None:
    tries: list[bytes] = []

    def reply(connect: bytes) -> bytes:
        tries.append(connect)
        return answer

    def held() -> int:
        return len(list(Path("/proc/self/fd").iterdir())) + threading.active_count()

    server, port = serve(reply)
    with server, publisher(port, Outbox(), backoff=Backoff(0.0, 0.0)):
        wait_until(lambda: len(tries) > 10)
        before = held()
        wait_until(lambda: len(tries) > 300)
        wait_until(lambda: held() <= before)  # at once, without the garbage collector
