"""A WebSocket whose sender never waits: texts are queued until the peer takes them."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import AsyncIterator

from aiohttp import WSMessage, WSMsgType, web

PING_INTERVAL = 5.0  # seconds from a pong to the next ping
PONG_TIMEOUT = 10.0  # seconds after a ping without its pong: the peer does not read, and is disconnected
CLOSE_TIMEOUT = 1.0  # seconds to wait for the peer's close frame
MAX_QUEUED_TEXTS = 400  # after which the peer counts as stuck
MAX_TEXT_SIZE = 1024  # bytes of a message from a viewer


class Channel:
    """Sends texts in order. To be used in the server's loop only.

    Attributes:
        socket: The WebSocket.
        has_output: Set when there is something to send.
    """

    def __init__(
        self, request: web.Request, *, max_size: int = MAX_TEXT_SIZE, pong_timeout: float = PONG_TIMEOUT
    ) -> None:
        """Prepare a WebSocket.

        Args:
            request: The request for it.
            max_size: Bytes of an incoming message; a larger one closes the connection with code 1009.
            pong_timeout: Seconds after which a peer that does not read is disconnected.
        """
        self.socket = web.WebSocketResponse(
            autoping=False, max_msg_size=max_size, compress=False, timeout=CLOSE_TIMEOUT
        )
        self.has_output = asyncio.Event()
        self._request = request
        self._texts: deque[str] = deque()
        self._pong_timeout = pong_timeout
        self._nonce = b""  # in the last ping, so that its pong proves that the peer reads
        self._has_pong = asyncio.Event()

    def send(self, text: str) -> None:
        """Queue a text. A peer that no longer takes any is disconnected."""
        if len(self._texts) >= MAX_QUEUED_TEXTS:
            self.abort()
            return
        self._texts.append(text)
        self.has_output.set()

    def abort(self) -> None:
        """Disconnect at once, without a close frame."""
        if transport := self._request.transport:
            transport.abort()

    async def close(self, code: int, reason: str) -> None:
        """Send a close frame and disconnect; `reason` may have 123 bytes."""
        await self.socket.close(code=code, message=reason.encode())

    async def messages(self) -> AsyncIterator[WSMessage]:
        """The messages of the peer, until it disconnects. Queued output is sent at the same time."""
        await self.socket.prepare(self._request)
        tasks = [asyncio.create_task(self._require_pongs()), asyncio.create_task(self._send_output())]
        try:
            async for message in self.socket:
                if message.type is WSMsgType.PING:
                    await self.socket.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    if message.data == self._nonce:
                        self._has_pong.set()
                else:
                    yield message
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def flush(self) -> None:
        """Send what is queued now."""
        while self._texts:
            await self.socket.send_str(self._texts.popleft())

    async def _send_output(self) -> None:
        with contextlib.suppress(ConnectionError):  # ends the iteration in `messages`, too
            while True:
                await self.has_output.wait()
                self.has_output.clear()
                await self.flush()

    async def _require_pongs(self) -> None:
        # Not aiohttp's heartbeat: any message would count as a pong, also of a peer that sends and never reads.
        with contextlib.suppress(ConnectionError):
            while True:
                self._nonce = os.urandom(4)
                self._has_pong.clear()
                try:
                    async with asyncio.timeout(self._pong_timeout):
                        await self.socket.ping(self._nonce)
                        await self._has_pong.wait()
                except TimeoutError:
                    self.abort()
                    return
                await asyncio.sleep(PING_INTERVAL)
