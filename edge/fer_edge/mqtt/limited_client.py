"""A paho client that sets a broker limits, and records why it ended the connection."""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import suppress
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode

MAX_PACKET_SIZE = 262_144  # bytes of a packet from the broker, so that a large one cannot exhaust the memory
LARGEST_PACKET = 268_435_455  # bytes, the limit of MQTT itself
MAX_WAITING_PACKETS = 1000  # packets that wait to be sent, among them the answers to those of the broker
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

    def abort(self) -> None:
        """Shut the socket down, so that paho's thread ends by itself, however much is unacknowledged or arrives."""
        self._aborted = True
        if paho_socket := self.socket():
            with suppress(OSError), socket.socket(fileno=os.dup(paho_socket.fileno())) as duplicate:
                duplicate.shutdown(socket.SHUT_RDWR)

    def _sock_recv(self, bufsize: int) -> bytes:
        """Receive bytes; paho requests one at a time, and of a packet whose length it knows everything missing."""
        if self._aborted:  # the kernel delivers what arrives even after the shutdown
            raise ConnectionAbortedError
        try:
            if bufsize > MAX_PACKET_SIZE:
                raise ProtocolError(f"announced a packet of {bufsize} bytes")
            if len(self._out_packet) > MAX_WAITING_PACKETS:
                raise ProtocolError("sends packets without reading the answers")
            if len(getattr(self._sock, "_readbuffer", b"")) > 2 * MAX_PACKET_SIZE:
                raise ProtocolError("sent a WebSocket frame that is too large")  # paho keeps it to its end
            data = super()._sock_recv(bufsize)
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
            return super()._packet_handle()
        except Exception as error:  # noqa: BLE001 - paho's thread would die of it
            self.failure = ProtocolError(f"sent a malformed packet: {error!s:.80}")
            return MQTTErrorCode.MQTT_ERR_PROTOCOL

    def _send_pubrec(self, mid: int) -> MQTTErrorCode:
        """Refuse a message of QoS 2, which paho would keep until the broker releases it: none is subscribed to."""
        self.failure = ProtocolError("sent a message of QoS 2, and QoS 1 was requested")
        return MQTTErrorCode.MQTT_ERR_PROTOCOL
