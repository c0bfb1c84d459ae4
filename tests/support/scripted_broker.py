"""A broker of MQTT 5 that says what no real one can be made to say."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

CONNECT, PUBLISH, SUBSCRIBE = 1, 3, 8  # types of packets
CONNACK = b"\x20\x03\x00\x00\x00"

Judge = Callable[[str, str], int]  # topic, payload -> reason code; a subscription has no payload


@contextmanager
def rude_broker(judge: Judge) -> Iterator[int]:
    """Accepts every connection, and answers messages and subscriptions with what `judge` says; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, judge), daemon=True).start()
        yield server.getsockname()[1]


def _accept(server: socket.socket, judge: Judge) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection, judge), daemon=True).start()


def _serve(connection: socket.socket, judge: Judge) -> None:
    with connection, connection.makefile("rb") as stream:
        while head := stream.read(1):
            body = stream.read(_length(stream))
            if answer := _answer(head[0] >> 4, body, judge):
                connection.sendall(answer)


def _length(stream: BinaryIO) -> int:
    length = shift = 0
    while True:
        byte = stream.read(1)[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return length


def _answer(kind: int, body: bytes, judge: Judge) -> bytes:
    if kind == CONNECT:
        return CONNACK
    if kind == PUBLISH:
        end = 2 + int.from_bytes(body[:2], "big")
        mid, properties = body[end : end + 2], body[end + 2]
        code = judge(body[2:end].decode(), body[end + 3 + properties :].decode())
        return b"\x40\x04" + mid + bytes([code, 0])
    if kind == SUBSCRIBE:
        return b"\x90\x04" + body[:2] + bytes([0, judge(body[5:-1].decode(), "")])
    return b""
