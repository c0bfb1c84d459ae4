"""Accepts connections to the live page, and bounds how many there are and how long they stay without a request.

A connection counts from its acceptance, so before its TLS handshake. A new one is always accepted: it takes the place
of one that is not authenticated, so holding connections without the token does not keep the owner out.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
import ssl
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from fer_edge.web.auth import network_of
from fer_edge.web.http_protocol import CLOSE_TIMEOUT, HttpProtocol

log = logging.getLogger(__name__)

DESCRIPTOR_SHARE = 4  # connections may use a quarter of the process's file descriptors; the rest is for the run
RETRY_INTERVAL = 0.5  # seconds until the next attempt to accept when no file descriptor or memory is left


@dataclass(frozen=True)
class ConnectionLimits:
    """How many connections there may be, and how long they may be idle.

    Attributes:
        connections: Maximum number, since each holds memory: with TLS about 0.3 MB once data has arrived.
        unauthenticated: Maximum number of unauthenticated ones from one network. A browser opens 6.
        handshake: Seconds for the TLS handshake.
        idle: Seconds for the head of a request, from the start or from the last response.
    """

    connections: int = 100
    unauthenticated: int = 50
    handshake: float = 5.0
    idle: float = 5.0

    def within(self, descriptors: int) -> ConnectionLimits:
        """The same limits, reduced for a process that may open `descriptors` files and sockets."""
        connections = max(2, min(self.connections, descriptors // DESCRIPTOR_SHARE))
        return ConnectionLimits(connections, min(self.unauthenticated, connections // 2), self.handshake, self.idle)


@dataclass(eq=False)
class Connection:
    """A connection, from its acceptance to its end.

    Until something arrives it is only a socket: a parser, and a TLS session all the more, would cost memory.

    Attributes:
        socket: What was accepted.
        network: Of the peer's address; see `network_of`.
        task: Handles the requests, once something has arrived.
        protocol: Set when the task begins.
    """

    socket: socket.socket
    network: str
    task: asyncio.Task[None] | None = None
    protocol: HttpProtocol | None = None

    @property
    def is_authenticated(self) -> bool:
        """Whether a request has passed the access control."""
        return self.protocol is not None and self.protocol.is_authenticated

    @property
    def is_busy(self) -> bool:
        """Whether such a request is being handled."""
        return self.protocol is not None and self.protocol.is_busy


class Connections:
    """The connections to a listening socket."""

    def __init__(
        self,
        listening: socket.socket,
        server: web.Server,
        tls: ssl.SSLContext | None,
        limits: ConnectionLimits = ConnectionLimits(),
    ) -> None:
        """`tls` presents the certificate; None without one."""
        listening.setblocking(False)
        self._socket, self._server, self._tls = listening, server, tls
        self._limits = limits.within(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        self._open: dict[Connection, asyncio.TimerHandle] = {}  # the oldest first; the timers end silent ones

    async def run(self) -> None:
        """Accept connections until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, address = await loop.sock_accept(self._socket)
            except ConnectionAbortedError:
                pass
            except OSError as error:
                log.warning("page: cannot accept connections, retrying: %s", error.strerror)
                self._end(self._least_needed(self._open))
                await asyncio.sleep(RETRY_INTERVAL)
            else:
                self._add(accepted, network_of(address[0]))
            await asyncio.sleep(0)  # sock_accept does not yield while connections are waiting

    async def close(self) -> None:
        """End all connections."""
        tasks = [each.task for each in self._open if each.task]
        for connection in list(self._open):
            self._end(connection)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _add(self, accepted: socket.socket, network: str) -> None:
        unauthenticated = [each for each in self._open if each.network == network and not each.is_authenticated]
        if len(unauthenticated) >= self._limits.unauthenticated:
            self._end(self._least_needed(unauthenticated))
        elif len(self._open) >= self._limits.connections:
            self._end(self._least_needed(self._open))
        if len(self._open) >= self._limits.connections:  # all are busy
            accepted.close()
            return
        accepted.setblocking(False)
        connection, loop = Connection(accepted, network), asyncio.get_running_loop()
        self._open[connection] = loop.call_later(self._limits.idle, self._end, connection)
        loop.add_reader(accepted, self._on_data, connection)

    def _least_needed(self, connections: Iterable[Connection]) -> Connection | None:
        """The oldest unauthenticated one of the network that has most, silent ones first; else the oldest idle one."""
        unauthenticated = [each for each in connections if not each.is_authenticated]
        if not unauthenticated:
            return next((each for each in connections if not each.is_busy), None)
        network = Counter(each.network for each in unauthenticated).most_common(1)[0][0]
        return min(
            (each for each in unauthenticated if each.network == network), key=lambda each: each.task is not None
        )

    def _on_data(self, connection: Connection) -> None:
        self._open[connection].cancel()
        asyncio.get_running_loop().remove_reader(connection.socket)
        connection.task = asyncio.create_task(self._handle_requests(connection))
        connection.task.add_done_callback(lambda _: self._on_handled(connection))

    def _on_handled(self, connection: Connection) -> None:
        self._open.pop(connection, None)
        if not connection.protocol:  # the task was cancelled before it began
            connection.socket.close()

    def _end(self, connection: Connection | None) -> None:
        if connection is None:
            return
        self._open.pop(connection).cancel()
        if connection.task:
            connection.task.cancel()
        else:
            asyncio.get_running_loop().remove_reader(connection.socket)
            connection.socket.close()

    async def _handle_requests(self, connection: Connection) -> None:
        connection.protocol = protocol = HttpProtocol(self._server, self._limits.idle)
        timeouts = {}
        if self._tls:
            timeouts = {"ssl_handshake_timeout": self._limits.handshake, "ssl_shutdown_timeout": CLOSE_TIMEOUT}
        with contextlib.suppress(OSError):  # the handshake has failed or timed out
            transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol, connection.socket, ssl=self._tls, **timeouts
            )
            try:
                await protocol.has_ended.wait()
            finally:
                transport.abort()
