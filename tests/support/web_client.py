"""Requests and WebSockets to a live page, as a program, a page or a stranger opens them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
import pytest
from aiohttp import WSMsgType
from tests.support.media import MEDIA
from tests.support.web_daemon import WebDaemon, run_async

TOKEN = "correct horse battery"  # noqa: S105  of a test
FACE = MEDIA / "faces" / "bryan.png"


class Response(NamedTuple):
    """The response to a request; the body is an object of JSON if it is JSON, else a text."""

    status: int
    headers: Any
    body: Any


@asynccontextmanager
async def open_session(
    daemon: WebDaemon, *, bearer: str = "", local: str = "127.0.0.1"
) -> AsyncIterator[aiohttp.ClientSession]:
    """A session without cookies. `bearer` is a token, `local` the address that requests come from."""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    connector = aiohttp.TCPConnector(local_addr=(local, 0))
    async with aiohttp.ClientSession(
        daemon.url.rstrip("/"), connector=connector, headers=headers, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        yield session


def request(
    daemon: WebDaemon, path: str, *, method: str = "GET", local: str = "127.0.0.1", bearer: str = "", **options: Any
) -> Response:
    """Send one request; redirects are not followed."""

    async def send() -> Response:
        async with (
            open_session(daemon, bearer=bearer, local=local) as session,
            session.request(method, path, allow_redirects=False, **options) as response,
        ):
            text = await response.text()
            is_json = response.content_type == "application/json"
            return Response(response.status, response.headers, json.loads(text) if is_json else text)

    response: Response = run_async(send())
    return response


def with_socket(
    daemon: WebDaemon, path: str, use: Callable[[aiohttp.ClientWebSocketResponse], Awaitable[Any]], **options: Any
) -> Any:
    """Open a WebSocket and return what `use` makes of it."""

    async def connect() -> Any:
        async with open_session(daemon) as session, session.ws_connect(path, max_msg_size=0, **options) as socket:
            return await asyncio.wait_for(use(socket), 30)

    return run_async(connect())


def handshake_error(daemon: WebDaemon, path: str, **options: Any) -> int:
    """The HTTP status with which a WebSocket is refused."""

    async def do_nothing(_: aiohttp.ClientWebSocketResponse) -> None:
        pass

    with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
        with_socket(daemon, path, do_nothing, **options)
    return raised.value.status


async def receive_frame(socket: aiohttp.ClientWebSocketResponse) -> tuple[dict[str, Any], bytes]:
    """Request a frame and wait for it: its JSON and its JPEG."""
    await socket.send_str("next")
    while (message := await socket.receive()).type is not WSMsgType.BINARY:
        assert message.type is WSMsgType.TEXT, message
    size = int.from_bytes(message.data[:4])
    return json.loads(message.data[4 : 4 + size]), message.data[4 + size :]
