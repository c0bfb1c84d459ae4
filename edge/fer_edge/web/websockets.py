"""The two WebSockets: those who look on, and the browser that is the camera."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

from aiohttp import WSMsgType, web

from fer_edge.cameras.browser import BrowserCamera
from fer_edge.events import encode
from fer_edge.web.channel import Channel
from fer_edge.web.hub import MOST_VIEWERS, Hub, Viewer

LARGEST = 1_000_000  # bytes of a picture
FASTEST = 60.0  # pictures a second
REMAINS = 100  # WebSockets whose remains may wait for a garbage collection; Python alone would let it be a thousand
SILENT = 2.0  # seconds without a picture after which another browser may take over
BUSY, GOING_AWAY, WRONG, TOO_MANY, TAKEN = 1013, 1001, 1003, 1008, 4009  # close codes


class WebSockets:
    """Speaks with viewers and with the camera."""

    def __init__(self, hub: Hub, *, login: bool) -> None:
        self._hub, self._login = hub, login
        self._camera: Channel | None = None
        self._last_picture = 0.0
        self._opened = 0

    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get("/api/live", self._live, allow_head=False),
            web.get("/api/camera", self._upload, allow_head=False),
        ]

    async def close(self) -> None:
        """Send the camera away."""
        if self._camera:
            await self._camera.close(GOING_AWAY, "the sensor has ended")

    async def _live(self, request: web.Request) -> web.StreamResponse:
        self._tidy()
        viewer = Viewer(request)
        if self._hub.full:
            error = f"{MOST_VIEWERS} are looking on already; try again later"
            return await _refuse(viewer, request, {"type": "busy", "error": error}, BUSY)
        viewer.picture = request.query.get("picture") != "0"
        viewer.tell(self._hub.hello(login=self._login))
        viewer.tell(encode(self._hub.status()))
        self._hub.viewers.add(viewer)
        try:
            async for message in viewer.messages():
                if message.type is not WSMsgType.TEXT or message.data != "next":
                    await viewer.close(WRONG, "expected the text next")
                    break
                viewer.ask()
        finally:
            self._hub.viewers.discard(viewer)
        return viewer.socket

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        camera = self._hub.run.browser
        if not camera:
            raise web.HTTPNotFound(text="the camera is not a browser's; that is --camera browser")
        self._tidy()
        channel, now = Channel(request, largest=LARGEST), asyncio.get_running_loop().time
        if self._camera:
            if now() - self._last_picture < SILENT:
                error = "another browser is the camera"
                return await _refuse(channel, request, {"type": "error", "error": error}, TAKEN)
            self._camera.cut()
        self._camera, self._last_picture, self._hub.uploading = channel, now(), True
        try:
            await self._receive(channel, camera, now)
        finally:
            if self._camera is channel:
                self._camera, self._hub.uploading = None, False
        return channel.socket

    def _tidy(self) -> None:
        """See to it that memory does not grow: aiohttp leaves cycles of objects, 14 KB, behind each WebSocket."""
        self._opened += 1
        if self._opened % REMAINS == 0:
            gc.collect()

    async def _receive(self, channel: Channel, camera: BrowserCamera, now: Callable[[], float]) -> None:
        left, counted = FASTEST, now()
        async for message in channel.messages():
            if message.type is not WSMsgType.BINARY:
                await channel.close(WRONG, "expected a JPEG")
                return
            self._last_picture = now()
            left, counted = min(FASTEST, left + FASTEST * (now() - counted)) - 1, now()
            if left < 0:
                await channel.close(TOO_MANY, f"more than {FASTEST:.0f} pictures a second")
                return
            camera.offer(message.data, self._answer_to(channel))

    def _answer_to(self, channel: Channel) -> Callable[[str | None], None]:
        def answer(problem: str | None) -> None:
            told = {"type": "error", "error": problem} if problem else {"type": "next"}
            self._hub.post(channel.tell, encode(told))

        return answer


async def _refuse(channel: Channel, request: web.Request, message: dict[str, str], code: int) -> web.StreamResponse:
    await channel.socket.prepare(request)
    await channel.socket.send_str(encode(message))
    await channel.close(code, message["error"])
    return channel.socket
