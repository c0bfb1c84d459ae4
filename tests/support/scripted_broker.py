"""Brokers that answer what no real one can be made to answer."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

CONNECT, PUBLISH, SUBSCRIBE, PINGREQ = 1, 3, 8, 12  # types of packets
WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455
ACCEPTED = b"\x20\x03\x00\x00\x00"  # a CONNACK of MQTT 5

# topic, payload -> reason code, or None for no answer; a subscription has no payload
Decide = Callable[[str, str], int | None]


@contextmanager
def scripted_broker(decide: Decide) -> Iterator[int]:
    """A broker of MQTT 5 that accepts every connection and answers messages and subscriptions with `decide`.

    Yields its port.
    """
    with _server(lambda connection: _serve(connection, decide)) as port:
        yield port


@contextmanager
def hanging_up_broker(answer: Callable[[bytes], bytes]) -> Iterator[int]:
    """A server that answers each CONNECT with what `answer` makes of it, and closes the connection. Yields its port."""

    def serve(connection: socket.socket) -> None:
        with connection:
            connection.sendall(answer(connection.recv(1000)))

    with _server(serve) as port:
        yield port


@contextmanager
def sending_broker(packets: bytes, endless: bytes = b"") -> Iterator[int]:
    """A server that answers each CONNECT with `packets`, then sends `endless` for ever or nothing. Yields its port."""

    def serve(connection: socket.socket) -> None:
        with connection:
            if key := re.search(rb"Sec-WebSocket-Key: (\S+)", connection.recv(1000)):
                connection.sendall(_accept_websocket(key[1]))
            connection.sendall(packets)
            while endless:
                connection.sendall(endless)
            while connection.recv(1000):
                pass

    with _server(serve) as port:
        yield port


@contextmanager
def dripping_broker(interval: float) -> Iterator[int]:
    """A server that answers with one byte after another, `interval` seconds apart, without end. Yields its port."""

    def serve(connection: socket.socket) -> None:
        with connection:
            while True:
                connection.sendall(b"a")
                time.sleep(interval)

    with _server(serve) as port:
        yield port


def _accept_websocket(key: bytes) -> bytes:
    accept = base64.b64encode(hashlib.sha1(key + WEBSOCKET_GUID, usedforsecurity=False).digest()).decode()
    head = ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}", "", ""]
    return "\r\n".join(head).encode()


@contextmanager
def _server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, serve), daemon=True).start()
        yield server.getsockname()[1]


def _accept(server: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_serve_until_closed, args=(serve, connection), daemon=True).start()


def _serve_until_closed(serve: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with suppress(ConnectionError):  # the client may close the connection at any time
        serve(connection)


def _serve(connection: socket.socket, decide: Decide) -> None:
    with connection, connection.makefile("rb") as stream:
        while head := stream.read(1):
            body = stream.read(_read_length(stream))
            if answer := _answer(head[0] >> 4, body, decide):
                connection.sendall(answer)


def _read_length(stream: BinaryIO) -> int:
    length = shift = 0
    while True:
        byte = stream.read(1)[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return length


def _answer(kind: int, body: bytes, decide: Decide) -> bytes:
    if kind == CONNECT:
        return ACCEPTED
    if kind == PUBLISH:
        end = 2 + int.from_bytes(body[:2], "big")
        mid, properties = body[end : end + 2], body[end + 2]
        code = decide(body[2:end].decode(), body[end + 3 + properties :].decode())
        return b"" if code is None else b"\x40\x04" + mid + bytes([code, 0])
    if kind == SUBSCRIBE:
        code = decide(body[5:-1].decode(), "")
        return b"" if code is None else b"\x90\x04" + body[:2] + bytes([0, code])
    return b"\xd0\x00" if kind == PINGREQ else b""
