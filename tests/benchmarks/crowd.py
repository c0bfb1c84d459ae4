"""Pages that look on, and come and go as they like, in a process of their own: what `web` opens beside a run."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
from collections import Counter
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection

import aiohttp
import numpy as np

Visit = Callable[[aiohttp.ClientSession, str, Counter[str]], Awaitable[None]]

LIFE = (0.1, 10.0)  # seconds that a viewer stays
AGAIN = (0.5, 2.0)  # seconds after which one comes back that was sent away
RARELY = 2.0  # seconds between two frames of a slow one
KINDS = {"eager": 0.6, "slow": 0.2, "mute": 0.1, "stuck": 0.1}  # how they read, and their shares; stuck: not at all
DROPPED = 0.5  # share of those that vanish without a word
TIMEOUT = 10.0  # seconds


class Crowd:
    """So many viewers of the page at a port of this machine. still: they are eager, and stay."""

    def __init__(self, port: int, count: int, *, still: bool = False) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_live, args=(theirs, port, count, still), daemon=True)
        self._process.start()
        theirs.close()
        self._line.recv()  # it is ready

    def come(self) -> None:
        """Let them look on."""
        self._line.send("come")

    def go(self) -> Counter[str]:
        """Send all away; what they counted since they came: `opened`, `busy`, `dropped`, `frames`."""
        self._line.send("go")
        counted: Counter[str] = self._line.recv()
        return counted

    def close(self) -> None:
        """End the process."""
        self._line.close()
        self._process.join(TIMEOUT)


def _live(line: Connection, port: int, count: int, still: bool) -> None:
    visit = _stay if still else _come_and_go
    address = f"http://127.0.0.1:{port}/api/live"
    line.send("ready")
    with contextlib.suppress(EOFError):
        while True:
            line.recv()  # come
            line.send(asyncio.run(_look_on(line, count, visit, address)))


async def _look_on(line: Connection, count: int, visit: Visit, address: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        viewers = [asyncio.create_task(visit(session, address, counts)) for _ in range(count)]
        await asyncio.get_running_loop().run_in_executor(None, line.recv)  # go
        for viewer in viewers:
            viewer.cancel()
        ends = await asyncio.gather(*viewers, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end
    return counts


async def _stay(session: aiohttp.ClientSession, address: str, counts: Counter[str]) -> None:
    async with session.ws_connect(address) as socket:
        counts["opened"] += 1
        await _read(socket, "eager", counts)


async def _come_and_go(session: aiohttp.ClientSession, address: str, counts: Counter[str]) -> None:
    """One viewer after the other."""
    chance = np.random.default_rng()
    while True:
        socket = await session.ws_connect(address)
        counts["opened"] += 1
        kind = str(chance.choice(list(KINDS), p=list(KINDS.values())))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(chance.uniform(*LIFE)):
                await _read(socket, kind, counts)
        if socket.close_code == aiohttp.WSCloseCode.TRY_AGAIN_LATER:
            counts["busy"] += 1
            await asyncio.sleep(chance.uniform(*AGAIN))
        elif chance.random() < DROPPED and (connection := socket._response.connection) and connection.transport:
            counts["dropped"] += 1
            connection.transport.abort()
        else:
            await socket.close()


async def _read(socket: aiohttp.ClientWebSocketResponse, kind: str, counts: Counter[str]) -> None:
    """Look on as the page does, or worse, until the server ends it."""
    for _ in range({"eager": 2, "slow": 1, "mute": 0, "stuck": 2}[kind]):
        await socket.send_str("next")
    if kind == "stuck":
        await asyncio.sleep(LIFE[1])
    async for message in socket:
        if message.type is aiohttp.WSMsgType.BINARY:
            counts["frames"] += 1
            if kind == "slow":
                await asyncio.sleep(RARELY)
            await socket.send_str("next")
