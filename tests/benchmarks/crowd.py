"""Viewers that connect and disconnect at random, in a separate process: for `web`."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
from collections import Counter
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection

import aiohttp
import numpy as np

Behaviour = Callable[[aiohttp.ClientSession, str, Counter[str]], Awaitable[None]]

STAY = (0.1, 10.0)  # seconds, at least and at most, that a viewer stays connected
RETRY = (0.5, 2.0)  # seconds after which a viewer that was refused connects again
SLOW_INTERVAL = 2.0  # seconds between two requests of a slow viewer
KINDS = {"fast": 0.6, "slow": 0.2, "silent": 0.1, "stuck": 0.1}  # how they read, and their shares; stuck: not at all
ABORTED = 0.5  # share of those that disconnect without a close frame
JOIN_TIMEOUT = 10.0  # seconds


class Crowd:
    """A number of viewers of the page on a port of this machine."""

    def __init__(self, port: int, count: int, *, permanent: bool = False) -> None:
        """`permanent`: all of them are fast, and stay connected."""
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_main, args=(theirs, port, count, permanent), daemon=True)
        self._process.start()
        theirs.close()
        self._pipe.recv()  # it is ready

    def connect(self) -> None:
        """Have them connect."""
        self._pipe.send("connect")

    def disconnect(self) -> Counter[str]:
        """Have all of them disconnect. Returns their counts since `connect`: `opened`, `busy`, `aborted`, `frames`."""
        self._pipe.send("disconnect")
        counts: Counter[str] = self._pipe.recv()
        return counts

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(JOIN_TIMEOUT)


def _main(pipe: Connection, port: int, count: int, permanent: bool) -> None:
    behaviour = _stay if permanent else _come_and_go
    url = f"http://127.0.0.1:{port}/api/live"
    pipe.send("ready")
    with contextlib.suppress(EOFError):
        while True:
            pipe.recv()  # connect
            pipe.send(asyncio.run(_run_viewers(pipe, count, behaviour, url)))


async def _run_viewers(pipe: Connection, count: int, behaviour: Behaviour, url: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        viewers = [asyncio.create_task(behaviour(session, url, counts)) for _ in range(count)]
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)  # disconnect
        for viewer in viewers:
            viewer.cancel()
        results = await asyncio.gather(*viewers, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return counts


async def _stay(session: aiohttp.ClientSession, url: str, counts: Counter[str]) -> None:
    async with session.ws_connect(url) as socket:
        counts["opened"] += 1
        await _read(socket, "fast", counts)


async def _come_and_go(session: aiohttp.ClientSession, url: str, counts: Counter[str]) -> None:
    """One viewer after another."""
    rng = np.random.default_rng()
    while True:
        socket = await session.ws_connect(url)
        counts["opened"] += 1
        kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(rng.uniform(*STAY)):
                await _read(socket, kind, counts)
        if socket.close_code == aiohttp.WSCloseCode.TRY_AGAIN_LATER:
            counts["busy"] += 1
            await asyncio.sleep(rng.uniform(*RETRY))
        elif rng.random() < ABORTED and (connection := socket._response.connection) and connection.transport:
            counts["aborted"] += 1
            connection.transport.abort()
        else:
            await socket.close()


async def _read(socket: aiohttp.ClientWebSocketResponse, kind: str, counts: Counter[str]) -> None:
    """Request and receive frames as the page does, or in a worse way, until the server closes the connection."""
    for _ in range({"fast": 2, "slow": 1, "silent": 0, "stuck": 2}[kind]):
        await socket.send_str("next")
    if kind == "stuck":
        await asyncio.sleep(STAY[1])
    async for message in socket:
        if message.type is aiohttp.WSMsgType.BINARY:
            counts["frames"] += 1
            if kind == "slow":
                await asyncio.sleep(SLOW_INTERVAL)
            await socket.send_str("next")
