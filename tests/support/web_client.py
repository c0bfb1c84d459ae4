"""Somebody who asks a page's server: a program, or a stranger."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType
from tests.support import MEDIA
from tests.support.web_daemon import Daemon, in_a_loop

TOKEN = "correct horse battery"  # noqa: S105  of a test
FACE = MEDIA / "faces" / "bryan.png"


@asynccontextmanager
async def visitor(at: Daemon, *, bearer: str = "", local: str = "127.0.0.1") -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody who asks, and keeps no cookies; `local` is where they live."""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    connector = aiohttp.TCPConnector(local_addr=(local, 0))
    async with aiohttp.ClientSession(
        at.url.rstrip("/"), connector=connector, headers=headers, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        yield session


def ask(
    at: Daemon, path: str, *, method: str = "GET", local: str = "127.0.0.1", **options: Any
) -> tuple[int, Any, Any]:
    """Status, headers, and the body: what the JSON says, else the text."""

    async def once() -> tuple[int, Any, Any]:
        bearer = options.pop("bearer", "")
        async with (
            visitor(at, bearer=bearer, local=local) as session,
            session.request(method, path, allow_redirects=False, **options) as response,
        ):
            text = await response.text()
            is_json = response.content_type == "application/json"
            return response.status, response.headers, json.loads(text) if is_json else text

    return in_a_loop(once())


def speak(
    at: Daemon, path: str, talk: Callable[[aiohttp.ClientWebSocketResponse], Awaitable[Any]], **options: Any
) -> Any:
    """Talk through a WebSocket."""

    async def once() -> Any:
        async with visitor(at) as session, session.ws_connect(path, max_msg_size=0, **options) as socket:
            return await asyncio.wait_for(talk(socket), 30)

    return in_a_loop(once())


def refused(at: Daemon, path: str, **options: Any) -> int:
    """The status with which a WebSocket is refused."""

    async def nothing(_: aiohttp.ClientWebSocketResponse) -> None:
        pass

    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        speak(at, path, nothing, **options)
    return refusal.value.status


async def frame_of(socket: aiohttp.ClientWebSocketResponse) -> tuple[dict[str, Any], bytes]:
    """Ask for a frame, and wait for it."""
    await socket.send_str("next")
    while (message := await socket.receive()).type is not WSMsgType.BINARY:
        assert message.type is WSMsgType.TEXT, message
    size = int.from_bytes(message.data[:4])
    return json.loads(message.data[4 : 4 + size]), message.data[4 + size :]
