"""Connections that strangers hold: how many, for how long, and that the owner still gets in."""

from __future__ import annotations

import asyncio
import gc
import http.client
import socket
import ssl
import statistics
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto
from tests.support.strangers import SilentConnections, no_descriptors_left
from tests.support.tls import Authority
from tests.support.waiting import cpu_seconds, open_connections, open_descriptors, wait_until
from tests.support.web_client import TOKEN, request
from tests.support.web_daemon import WebDaemon, run_async

from fer_edge.config.web import WebOptions, tls_context
from fer_edge.web.connections import ConnectionLimits, Connections
from fer_edge.web.http_protocol import mark_authenticated
from fer_edge.web.listener import SEND_BUFFER, listen

REQUEST = b"GET /private HTTP/1.1\r\nHost: localhost\r\n\r\n"
DESCRIPTORS = 256
ATTACKERS = 300
BURST = bytes(1_000_000)
LOCALHOST = WebOptions(("127.0.0.1", 0))

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Server:
    """Serves `/private`, `/busy`, which does not end, and `/burst`, 100 MB; each request counts as authenticated."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.written = 0
        self.is_burst_over = asyncio.Event()

    async def connect(self, data: bytes = b"", *, local: str = "127.0.0.1") -> Stream:
        stream = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(local, 0))
        stream[1].write(data)
        if data.endswith(b"\r\n\r\n"):
            assert (await asyncio.wait_for(stream[0].read(1000), 5)).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.02)  # so that connections are accepted in order
        return stream

    async def private(self, request: web.Request) -> web.Response:
        return web.Response(text="private")

    async def busy(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await asyncio.sleep(60)
        return response

    async def burst(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        try:
            await response.prepare(request)
            for _ in range(100):
                await response.write(BURST)
                self.written += len(BURST)
        finally:
            self.is_burst_over.set()
        return response


@asynccontextmanager
async def serve(
    limits: ConnectionLimits, *, options: WebOptions = LOCALHOST, send_timeout: float = 8.0
) -> AsyncIterator[Server]:
    with closing(listen(options, send_timeout=send_timeout)) as listening:
        server = Server(listening.getsockname()[1])
        app = web.Application(middlewares=[mark_authenticated])
        routes = {"/private": server.private, "/busy": server.busy, "/burst": server.burst}
        app.add_routes([web.get(path, handler) for path, handler in routes.items()])
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        connections = Connections(listening, cast(web.Server, runner.server), tls_context(options), limits)
        accepting = asyncio.create_task(connections.run())
        yield server
        accepting.cancel()
        await runner.cleanup()
        await connections.close()


def with_server(use: Callable[[Server], Awaitable[Any]], limits: ConnectionLimits, **options: Any) -> Any:
    async def play() -> Any:
        async with serve(limits, **options) as server:
            return await asyncio.wait_for(use(server), 20)

    return run_async(play())


async def closed(*streams: Stream) -> list[bool]:
    """Which of these connections the server has closed."""
    await asyncio.sleep(0.1)
    return [reader.at_eof() for reader, _ in streams]


def test_malformed_requests_leave_nothing_in_memory_for_the_garbage_collection() -> None:
    rest = b"a" * 200_000
    requests = [
        b"PRI * HTTP/2.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: ",
        b"POST /private HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nz",
        REQUEST + b"\0",
    ]

    async def attack(server: Server) -> int:
        before = 0
        for head in requests[:1] + requests * 5:
            reader, writer = await server.connect(head + rest)
            with suppress(ConnectionError):
                await reader.read()
            writer.close()
            await asyncio.sleep(0.02)
            before = before or tracemalloc.get_traced_memory()[0]  # the first request imports modules
        return tracemalloc.get_traced_memory()[0] - before

    gc.disable()
    tracemalloc.start()
    try:
        assert with_server(attack, ConnectionLimits()) < len(rest)
    finally:
        tracemalloc.stop()
        gc.enable()


def test_a_stranger_too_many_takes_the_place_of_the_oldest_one_from_the_same_network() -> None:
    async def attack(server: Server) -> tuple[list[bool], bytes]:
        elsewhere = await server.connect(local="127.0.0.2")
        strangers = [await server.connect() for _ in range(3)]
        reader, writer = strangers[-1]
        writer.write(REQUEST)
        return await closed(elsewhere, *strangers), await reader.read(1000)

    states, response = with_server(attack, ConnectionLimits(connections=9, unauthenticated=2))
    assert states == [False, True, False, False]
    assert response.startswith(b"HTTP/1.1 200")


def test_an_authenticated_connection_stays_and_the_network_with_most_strangers_makes_room() -> None:
    async def attack(server: Server) -> list[bool]:
        owner = await server.connect(REQUEST)
        quiet = await server.connect(local="127.0.0.2")
        loud = [await server.connect(local="127.0.0.3") for _ in range(3)]
        newcomers = [await server.connect(local=f"127.0.0.{number}") for number in (4, 5)]
        return await closed(owner, quiet, *loud, *newcomers)

    states = with_server(attack, ConnectionLimits(connections=5, unauthenticated=4))
    assert states == [False, False, True, True, False, False, False]


def test_a_connection_on_which_a_request_is_handled_is_never_closed_to_make_room() -> None:
    async def attack(server: Server) -> tuple[list[bool], list[bool]]:
        busy = b"GET /busy HTTP/1.1\r\nHost: localhost\r\n\r\n"
        viewers = [await server.connect(busy), await server.connect(busy)]
        idle = await server.connect(REQUEST)
        newcomer = await server.connect(busy)
        before = await closed(*viewers, idle, newcomer)
        return before, await closed(*viewers, newcomer, await server.connect())

    before, full = with_server(attack, ConnectionLimits(connections=3))
    assert before == [False, False, True, False]
    assert full == [False, False, False, True]


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\nHost: lo", REQUEST, REQUEST + b"GET /"])
def test_a_connection_without_a_request_is_closed(data: bytes) -> None:
    async def wait(server: Server) -> float:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(data)
        began = time.monotonic()
        await reader.read()
        return time.monotonic() - began

    assert 0.25 < with_server(wait, ConnectionLimits(idle=0.3)) < 2


def test_a_connection_counts_before_its_tls_handshake_which_has_a_time_limit(tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path / "ours").certify("page", "IP:127.0.0.1")

    async def attack(server: Server) -> tuple[list[bool], list[bool]]:
        strangers = [await server.connect(data) for data in (b"", b"\x16\x03\x01\x02\x00\x01", b"")]
        before = await closed(*strangers)
        await asyncio.sleep(0.4)
        return before, await closed(*strangers)

    limits = ConnectionLimits(connections=4, unauthenticated=2, handshake=0.4, idle=0.4)
    options = WebOptions(("127.0.0.1", 0), certificate=certificate, key=key)
    assert with_server(attack, limits, options=options) == ([True, False, False], [True, True, True])


def test_a_peer_that_does_not_read_is_disconnected_and_costs_little_memory() -> None:
    async def stall(server: Server) -> int:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(b"GET /burst HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await server.is_burst_over.wait()
        return server.written

    assert with_server(stall, ConnectionLimits(), send_timeout=0.5) <= 2 * len(BURST)
    with closing(listen(LOCALHOST)) as listening:
        assert listening.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * SEND_BUFFER  # see socket(7)


def test_without_a_file_descriptor_left_accepting_pauses_and_goes_on_afterwards(porch: WebDaemon) -> None:
    wait_until(lambda: request(porch, "/api/state").body["camera"] == "ok", 30)
    with no_descriptors_left(porch.process_id):
        client = socket.create_connection(("127.0.0.1", porch.port), timeout=1)
        client.sendall(REQUEST)
        before = cpu_seconds(porch.process_id)
        with pytest.raises(TimeoutError):
            client.recv(1000)
        assert cpu_seconds(porch.process_id) - before < 0.7
    with closing(client):
        assert client.recv(1000).startswith(b"HTTP/1.1 404")


def test_connections_use_a_quarter_of_the_file_descriptors_and_leave_nothing_behind() -> None:
    assert ConnectionLimits().within(1_000_000) == ConnectionLimits()
    assert ConnectionLimits().within(64) == ConnectionLimits(connections=16, unauthenticated=8)

    async def attack(server: Server) -> tuple[int, int]:
        before = open_descriptors()
        streams = [await server.connect() for _ in range(20)]
        assert open_connections(server.port) > len(streams), "they are visible while they are open"
        return server.port, before

    port, before = with_server(attack, ConnectionLimits(connections=4))
    wait_until(lambda: open_connections(port) == 0)
    # The cameras of other daemons, which run in this process, may open a few in the meantime.
    assert open_descriptors() < before + 10


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_silent_connections_neither_end_the_run_nor_keep_the_owner_out(
    secure: bool, broker: Mosquitto, camera: MjpegCamera, tmp_path: Path
) -> None:
    flags: list[object] = ["--model", "nano"]
    context = None
    if secure:
        certificate, key = Authority(tmp_path / "ours").certify("page", "IP:127.0.0.1")
        flags += ["--web-cert", certificate, "--web-key", key]
        context = ssl.create_default_context(cafile=tmp_path / "ours" / "ca.pem")
    daemon = WebDaemon(broker, camera.url, *flags, token=TOKEN, descriptors=DESCRIPTORS)

    def connect() -> http.client.HTTPConnection:
        if context:
            return http.client.HTTPSConnection("127.0.0.1", daemon.port, timeout=5, context=context)
        return http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=5)

    def request_as_owner() -> tuple[int, float]:
        began = time.monotonic()
        while True:
            with closing(connect()) as connection:
                try:
                    connection.request("GET", "/api/state", headers={"Authorization": f"Bearer {TOKEN}"})
                    return connection.getresponse().status, time.monotonic() - began
                except (ConnectionError, ssl.SSLEOFError):  # closed before it was sent: a browser retries, too
                    assert time.monotonic() - began < 5

    try:
        with (
            closing(SilentConnections(daemon.port, ATTACKERS // 2)),
            closing(SilentConnections(daemon.port, ATTACKERS // 2, local="127.0.0.2")) as strangers,
        ):
            events = len(daemon.payloads("event"))
            answers = [request_as_owner() for _ in range(10)]
            wait_until(lambda: len(daemon.payloads("event")) > events, 30)
            wait_until(lambda: strangers.opened > 2 * ATTACKERS, 30)
            answers += [request_as_owner() for _ in range(10)]
            assert open_descriptors(daemon.process_id) < DESCRIPTORS / 2
        assert {status for status, _ in answers} == {200}
        assert statistics.median(seconds for _, seconds in answers) < 1
    finally:
        daemon.close()
