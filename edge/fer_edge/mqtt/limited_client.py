"""A paho client that sets a broker limits, and records why it ended the connection."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from contextlib import ExitStack, suppress
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode

# Bytes of a packet from the broker; a larger one ends the connection. A broker of MQTT 5 is told and discards it. Far
# more than is needed: in Mosquitto 2.0.11, of Debian 12, each message of QoS 1 that is discarded takes up one of the 20
# places in flight until the connection ends.
MAX_PACKET_SIZE = 1 << 24
MAX_WEBSOCKET_PACKET_SIZE = 262_144  # the same over WebSockets, where paho keeps a whole frame in memory
# Bytes of a message that is parsed; a larger one is acknowledged and ignored. Any program can publish one with
# thousands of properties, and paho's time for them grows with the square of their number: 13 s for 250 KB.
MAX_MESSAGE_SIZE = 8192
MAX_HEAD_SIZE = 65_539  # bytes of a larger one that are kept: length of the topic, topic, id of the message
CHUNK_SIZE = 65_536  # bytes that are received at once
LARGEST_PACKET = 268_435_455  # bytes, the limit of MQTT itself
MAX_WAITING_PACKETS = 1000  # packets that wait to be sent, among them the answers to those of the broker
QOS_BITS, QOS_1 = 0x06, 0x02  # in the first byte of a message
HEAD_SIZE = 5  # bytes by which another protocol is recognized


class ProtocolError(ConnectionError):
    """The broker has sent what MQTT, or this client, does not allow."""


class TlsSocket(ssl.SSLSocket):
    """A TLS connection that reports why the broker refused the client's certificate.

    In TLS 1.3 a broker refuses it only after the handshake, by an alert that waits to be read while sending fails.
    """

    def send(self, data: Any, flags: int = 0) -> int:
        """Send bytes. Raises what the alert of the broker means, if there is one, else the error of sending."""
        try:
            return super().send(data, flags)
        except (ssl.SSLEOFError, ConnectionError):  # the latter from OpenSSL 3.5 on
            with suppress(ssl.SSLWantReadError, ConnectionError):
                self.recv(1)
            raise


class LimitedClient(paho.Client):
    """A client that ends the connection when the broker exceeds a limit or sends a malformed packet.

    paho has no public way to do so. The methods overridden here are private, but the same in every release of paho 2.

    Attributes:
        failure: What ended the connection: a ProtocolError, or an error of TLS. None for other reasons.
        head: The first bytes that were received.
        accepts: Bytes of the largest packet that the broker accepts.
    """

    failure: ProtocolError | ssl.SSLError | None = None
    head = b""
    accepts = LARGEST_PACKET
    _aborted = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """See paho."""
        super().__init__(*arguments, **options)
        self._handshake = ExitStack()  # left when the handshakes have been made or have failed

    @property
    def max_packet_size(self) -> int:
        """Bytes of the largest packet that the broker may send."""
        return MAX_WEBSOCKET_PACKET_SIZE if self.transport == "websockets" else MAX_PACKET_SIZE

    def abort(self) -> None:
        """Shut the socket down, so that paho's thread ends by itself, however much is unacknowledged or arrives."""
        self._aborted = True
        if paho_socket := self.socket():
            with suppress(OSError), socket.socket(fileno=os.dup(paho_socket.fileno())) as duplicate:
                _shut_down(duplicate)

    def _create_socket(self) -> Any:
        """Connect, and make the handshakes of TLS and WebSocket."""
        with self._handshake:
            try:
                return super()._create_socket()
            except (IndexError, UnicodeDecodeError) as error:  # a malformed header of the WebSocket's
                raise paho.WebsocketConnectionError("WebSocket handshake error") from error

    def _create_socket_connection(self) -> socket.socket:
        """Connect, and shut the connection down unless the handshakes end within `connect_timeout`."""
        connected = super()._create_socket_connection()
        duplicate = self._handshake.enter_context(connected.dup())
        timer = threading.Timer(self.connect_timeout, _shut_down, [duplicate])
        timer.daemon = True  # the process may end meanwhile
        self._handshake.callback(timer.cancel)
        timer.start()
        return connected

    def _sock_recv(self, bufsize: int) -> bytes:
        """Receive bytes; paho requests one at a time, and of a packet whose length it knows everything missing."""
        if self._aborted:  # the kernel delivers what arrives even after the shutdown
            raise ConnectionAbortedError
        try:
            if bufsize > self.max_packet_size:
                raise ProtocolError(f"announced a packet of {bufsize} bytes")
            if len(self._out_packet) > MAX_WAITING_PACKETS:
                raise ProtocolError("sends packets without reading the answers")
            if len(getattr(self._sock, "_readbuffer", b"")) > 2 * MAX_WEBSOCKET_PACKET_SIZE:
                raise ProtocolError("sent a WebSocket frame that is too large")  # paho keeps it to its end
            if bufsize > MAX_MESSAGE_SIZE:
                del self._in_packet["packet"][MAX_HEAD_SIZE:]
            data = super()._sock_recv(min(bufsize, CHUNK_SIZE))
        except (ProtocolError, ssl.SSLError) as error:
            self.failure = error
            raise
        self.head += data[: HEAD_SIZE - len(self.head)]
        return data

    def _sock_send(self, buf: bytes | bytearray) -> int:
        try:
            return super()._sock_send(buf)
        except ssl.SSLError as error:
            self.failure = error
            raise

    def _packet_handle(self) -> MQTTErrorCode:
        """Handle a packet that has been received; a malformed one is an error of the protocol, whatever it raises."""
        try:
            if self._in_packet["remaining_length"] > MAX_MESSAGE_SIZE:
                return self._ignore_packet()
            return super()._packet_handle()
        except Exception as error:  # noqa: BLE001 - paho's thread would die of it
            self.failure = ProtocolError(f"sent a malformed packet: {error!s:.80}")
            return MQTTErrorCode.MQTT_ERR_PROTOCOL

    def _ignore_packet(self) -> MQTTErrorCode:
        """Acknowledge a large message without parsing it."""
        command, packet = self._in_packet["command"], self._in_packet["packet"]
        if command & 0xF0 != paho.PUBLISH:
            raise ValueError(f"{self._in_packet['remaining_length']} bytes")
        if not command & QOS_BITS:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        end = 2 + int.from_bytes(packet[:2])  # of the topic
        mid = int.from_bytes(packet[end : end + 2])
        return self._send_puback(mid) if command & QOS_BITS == QOS_1 else self._send_pubrec(mid)

    def _send_pubrec(self, mid: int) -> MQTTErrorCode:
        """Refuse a message of QoS 2, which paho would keep until the broker releases it: none is subscribed to."""
        self.failure = ProtocolError("sent a message of QoS 2, and QoS 1 was requested")
        return MQTTErrorCode.MQTT_ERR_PROTOCOL


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):  # it has ended
        connection.shutdown(socket.SHUT_RDWR)
