"""A WebSocket whose sender never waits: texts are queued until the peer takes them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from aiohttp import WSMessage, web

HEARTBEAT_INTERVAL = 10.0  # seconds between two pings; half of that without a pong and the connection is closed
CLOSE_TIMEOUT = 1.0  # seconds to wait for the peer's close frame
MAX_QUEUED_TEXTS = 400  # after which the peer counts as stuck
MAX_TEXT_SIZE = 1024  # bytes of a message from a viewer


class Channel:
    """Sends texts in order. To be used in the server's loop only.

    Attributes:
        socket: The WebSocket.
        has_output: Set when there is something to send.
    """

    def __init__(self, request: web.Request, *, max_size: int = MAX_TEXT_SIZE) -> None:
        """`max_size`: bytes of an incoming message; a larger one closes the connection with code 1009."""
        self.socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_INTERVAL, max_msg_size=max_size, compress=False, timeout=CLOSE_TIMEOUT
        )
        self.has_output = asyncio.Event()
        self._request = request
        self._texts: deque[str] = deque()

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
        sender = asyncio.create_task(self._send_output())
        try:
            async for message in self.socket:
                yield message
        finally:
            sender.cancel()
            await asyncio.wait([sender])

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
