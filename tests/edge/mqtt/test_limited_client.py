"""What a hostile or broken broker may send: it costs the connection or nothing, and neither memory nor a traceback."""

from __future__ import annotations

import socket
import threading
import time
import tracemalloc

import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt import publish
from tests.support.scripted_broker import ACCEPTED, dripping_broker, hanging_up_broker, sending_broker
from tests.support.waiting import wait_until

from fer_edge.config.broker import Broker
from fer_edge.mqtt.acknowledgements import Acknowledgement
from fer_edge.mqtt.connection import IN_FLIGHT, Callbacks, Connection, Disconnect
from fer_edge.mqtt.limited_client import MAX_MESSAGE_SIZE, MAX_PACKET_SIZE
from fer_edge.mqtt.paho_client import ConnectionSettings
from fer_edge.mqtt.timeouts import Timeouts

ACCEPTED_3_1_1 = b"\x20\x02\x00\x00"
MQTT5, MQTT311 = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311
HUGE = b"\x30\x80\xe5\x9a\x77"  # the head of a PUBLISH of 250,000,000 bytes
MAX_MEMORY = 2 << 20  # bytes
HELLO = b"\x30\x0a\x00\x04good\x00abc"
LARGEST_PARSED = b"\x30\xff\x3f" + b"\x00\x04good\x00" + bytes(MAX_MESSAGE_SIZE - 8)


def encode_length(number: int) -> bytes:
    """A length as MQTT encodes it."""
    rest, low = divmod(number, 128)
    return bytes([low | 128]) + encode_length(rest) if rest else bytes([low])


class Recorder:
    """A connection to a broker on the loopback interface, and the topics of the messages it has received."""

    def __init__(
        self, port: int, version: MQTTProtocolVersion = MQTT5, scheme: str = "mqtt", timeouts: Timeouts | None = None
    ) -> None:
        self.topics: list[str] = []
        callbacks = Callbacks(self.on_connect, lambda message: self.topics.append(message.topic), lambda: None)
        broker = Broker("127.0.0.1", port, scheme=scheme, path="/mqtt")
        self.connection = Connection(
            ConnectionSettings(broker, None, "cam", timeouts=timeouts or Timeouts()), version, callbacks
        )

    def on_connect(self, connection: Connection) -> None:
        connection.subscribe("good")

    def run(self) -> Disconnect:
        return self.connection.run(clean_start=True)


@pytest.mark.parametrize(
    ("packets", "problem"),
    [
        (HUGE + bytes(1000), "announced a packet of 250000000 bytes"),
        (b"\x34\x0b\x00\x04good\x00\x01\x00ab", "sent a message of QoS 2, and QoS 1 was requested"),
        (b"\x30\x01\x00", "sent a malformed packet: "),
        (b"\x90\x04\x00\x01\x00\x55", "sent a malformed packet: 85"),  # no reason code of a SUBACK
        (b"\x90\x00", "sent a malformed packet: "),
        (b"\xe0\x01\x55", "sent a malformed packet: 85"),
        (ACCEPTED, "sent a second CONNACK"),
        (ACCEPTED * 1000, "sent a second CONNACK"),
        (b"\x30\xff\xff\xff\xff\x7f", "connection lost: "),
        (b"\xf0\x00", "connection lost: "),
    ],
)
def test_what_mqtt_does_not_allow_costs_the_connection(
    packets: bytes, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    with sending_broker(ACCEPTED + packets) as port:
        end = Recorder(port).run()
    assert end.problem.text.startswith(problem)
    assert not caplog.records


@pytest.mark.parametrize(("version", "accepted"), [(MQTT5, ACCEPTED), (MQTT311, ACCEPTED_3_1_1)])
def test_a_packet_that_is_too_large_is_not_received(version: MQTTProtocolVersion, accepted: bytes) -> None:
    with sending_broker(accepted + HUGE, endless=bytes(65536)) as port:
        tracemalloc.start()
        end = Recorder(port, version).run()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert "announced a packet" in end.problem.text
    assert peak < MAX_MEMORY


@pytest.mark.parametrize("codes", [b"", b"\x00\x00", b"\x01\x87\x01", b"\x80"])
def test_an_answer_with_a_wrong_number_of_codes_counts_as_a_refusal(
    codes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = bytes([0x90, 3 + len(codes), 0, 1, 0]) + codes
    with sending_broker(ACCEPTED + answer) as port:
        recorder = Recorder(port)
        thread = threading.Thread(target=recorder.run)
        thread.start()
        answers: list[Acknowledgement] = []
        wait_until(lambda: answers.extend(recorder.connection.acknowledgements()) or answers)
        recorder.connection.close()
        thread.join(10)
    assert [(one.request, one.refusal) for one in answers] == [("the subscription of good", "Unspecified error")]
    assert not caplog.records


def test_a_topic_that_is_empty_or_not_utf_8_is_ignored_and_the_largest_message_is_received(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with sending_broker(
        ACCEPTED + b"\x30\x05\x00\x02\xff\xfe\x00" + b"\x30\x03\x00\x00\x00" + HELLO + LARGEST_PARSED
    ) as port:
        recorder = Recorder(port)
        thread = threading.Thread(target=recorder.run)
        thread.start()
        wait_until(lambda: recorder.topics == ["good", "good"])
        recorder.connection.close()
        thread.join(10)
    assert not caplog.records


@pytest.mark.parametrize("version", [MQTT5, MQTT311])
def test_a_large_message_is_acknowledged_and_ignored_in_little_memory(version: MQTTProtocolVersion) -> None:
    body = b"\x00\x04good\x00\x07" + bytes(MAX_PACKET_SIZE - 8)
    accepted = ACCEPTED if version == MQTT5 else ACCEPTED_3_1_1
    hello = HELLO if version == MQTT5 else b"\x30\x09\x00\x04good\x00abc"
    with sending_broker(accepted + b"\x32" + encode_length(len(body)) + body + hello) as port:
        recorder = Recorder(port, version)
        tracemalloc.start()
        thread = threading.Thread(target=recorder.run)
        thread.start()
        wait_until(lambda: recorder.topics == ["good"])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        recorder.connection.close()
        thread.join(10)
    assert peak < MAX_MEMORY


def test_messages_with_thousands_of_properties_do_not_hold_up_others(mosquitto: Mosquitto) -> None:
    properties = 50_000 * b"\x26\x00\x00\x00\x00"  # each an empty name and an empty value
    recorder = Recorder(mosquitto.port)
    thread = threading.Thread(target=recorder.run)
    thread.start()
    wait_until(lambda: list(recorder.connection.acknowledgements()))
    with socket.create_connection(("127.0.0.1", mosquitto.port)) as stranger:
        stranger.sendall(b"\x10\x11\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x04evil")
        for number in range(1, IN_FLIGHT + 6):  # more than Mosquitto sends without an acknowledgement
            body = b"\x00\x04good" + number.to_bytes(2) + encode_length(len(properties)) + properties
            stranger.sendall(b"\x32" + encode_length(len(body)) + body)
        acknowledgements = b""
        while not acknowledgements.endswith(b"\x40\x02" + number.to_bytes(2)):
            acknowledgements += stranger.recv(1000)
        publish(mosquitto, "good", "hello")
        wait_until(lambda: recorder.topics, 5)
        recorder.connection.close()
        thread.join(10)
    assert recorder.topics == ["good"]


class BlockedRecorder(Recorder):
    """A connection on which nothing can be sent, as if every buffer on the way were full."""

    def on_connect(self, connection: Connection) -> None:
        def block(buf: object) -> int:
            raise BlockingIOError

        connection._client._sock_send = block  # type: ignore[method-assign]


def test_a_broker_that_requests_answers_and_never_reads_them_is_disconnected() -> None:
    message = b"\x32\x09\x00\x04good\x00\x01\x00"  # of QoS 1
    with sending_broker(ACCEPTED, endless=message * 1000) as port:
        assert BlockedRecorder(port).run().problem.text == "sends packets without reading the answers"


def test_a_websocket_frame_without_end_costs_the_connection() -> None:
    frame = b"\x82\x7f" + (2**40).to_bytes(8, "big")
    with sending_broker(frame + ACCEPTED, endless=LARGEST_PARSED * 8) as port:
        end = Recorder(port, scheme="ws").run()
    assert end.problem.text == "sent a WebSocket frame that is too large"


@pytest.mark.parametrize("header", [b"", b"Sec-WebSocket-Accept", b"Sec-WebSocket-Accept: \xff"])
def test_a_malformed_websocket_handshake_costs_the_connection(header: bytes) -> None:
    response = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n" + header + b"\r\n\r\n"
    with hanging_up_broker(lambda _: response) as port:
        end = Recorder(port, scheme="ws").run()
    assert end.problem.text == "websocket handshake error"
    assert end.problem.cure
    assert end.problem.cure.startswith("check port and path in mqtt.url")


@pytest.mark.parametrize("interval", [0.0, 0.1])
def test_a_handshake_without_end_is_given_up_in_time(interval: float) -> None:
    with dripping_broker(interval) as port:
        began = time.monotonic()
        end = Recorder(port, scheme="ws", timeouts=Timeouts(connect=0.5)).run()
    assert time.monotonic() - began < 3
    assert end.problem.text == "websocket handshake error"
