"""A WebSocket that nobody waits for: what is to be sent lies ready until the other side takes it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from aiohttp import WSMessage, web

HEARTBEAT = 10.0  # seconds between two pings; half of that without an answer and the line is dead
MOST = 400  # texts that lie ready before the other side counts as stuck


class Channel:
    """Sends texts in order. To be used in the server's loop alone."""

    def __init__(self, request: web.Request, *, largest: int = 1024) -> None:
        """`largest`: bytes of a message to us; the sender of a larger one is thrown out, with close code 1009."""
        self._request = request
        self.socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=largest, compress=False, timeout=1.0)
        self._texts: deque[str] = deque()
        self.news = asyncio.Event()

    def tell(self, text: str) -> None:
        """Send a text, some time. A side that takes nothing any more is cut off."""
        if len(self._texts) >= MOST:
            self.cut()
            return
        self._texts.append(text)
        self.news.set()

    def cut(self) -> None:
        """End it without a word."""
        if transport := self._request.transport:
            transport.abort()

    async def close(self, code: int, reason: str) -> None:
        """End it, with a word; a reason has 123 bytes at most."""
        await self.socket.close(code=code, message=reason.encode())

    async def messages(self) -> AsyncIterator[WSMessage]:
        """What the other side sends, until it ends; what lies ready is sent meanwhile."""
        await self.socket.prepare(self._request)
        sender = asyncio.create_task(self._send())
        try:
            async for message in self.socket:
                yield message
        finally:
            sender.cancel()
            await asyncio.wait([sender])

    async def _send(self) -> None:
        with contextlib.suppress(ConnectionError):  # the reader hears of it too
            while True:
                await self.news.wait()
                self.news.clear()
                await self.send_ready()

    async def send_ready(self) -> None:
        """Send what lies ready now."""
        while self._texts:
            await self.socket.send_str(self._texts.popleft())
