"""The two WebSockets: of a page that shows the run, and of a browser that is the camera."""

from __future__ import annotations

import gc
from collections.abc import Callable

from aiohttp import WSMsgType, web

from fer_edge.cameras.browser import BrowserCamera
from fer_edge.events import encode
from fer_edge.web.channel import Channel
from fer_edge.web.hub import GOING_AWAY, MAX_VIEWERS, Hub
from fer_edge.web.status_reporter import StatusReporter
from fer_edge.web.viewer import Viewer

MAX_PICTURE_SIZE = 1_000_000  # bytes of a JPEG
MAX_PICTURE_RATE = 60.0  # pictures per second
TAKEOVER_TIMEOUT = 2.0  # seconds without a picture after which another browser may become the camera
# WebSockets between two garbage collections. aiohttp leaves reference cycles, 14 KB, behind each WebSocket; Python
# alone would let those of about a thousand accumulate.
COLLECT_INTERVAL = 100
UNSUPPORTED_DATA, POLICY_VIOLATION, TRY_AGAIN_LATER = 1003, 1008, 1013  # close codes of RFC 6455
CAMERA_TAKEN = 4009  # close code of this project


class RateLimiter:
    """Limits a rate, with bursts of up to one second (a token bucket)."""

    def __init__(self, rate: float, now: float) -> None:
        """`rate`: per second."""
        self._rate = self._tokens = rate
        self._updated = now

    def take(self, now: float) -> bool:
        """Whether one more is within the limit."""
        self._tokens = min(self._rate, self._tokens + self._rate * (now - self._updated)) - 1
        self._updated = now
        return self._tokens >= 0


class WebSockets:
    """Handles viewers and the browser that is the camera."""

    def __init__(self, hub: Hub, reporter: StatusReporter, needs_login: Callable[[web.Request], bool]) -> None:
        """`needs_login`: whether the sender of a request has had to log in."""
        self._hub, self._reporter, self._needs_login = hub, reporter, needs_login
        self._camera: Channel | None = None
        self._last_picture = 0.0
        self._opened = 0  # WebSockets so far

    def routes(self) -> list[web.RouteDef]:
        """The routes that are handled here."""
        return [
            web.get("/api/live", self._live, allow_head=False),
            web.get("/api/camera", self._upload, allow_head=False),
        ]

    async def close(self) -> None:
        """Disconnect the browser that is the camera."""
        if self._camera:
            await self._camera.close(GOING_AWAY, "the sensor has ended")

    async def _live(self, request: web.Request) -> web.StreamResponse:
        self._collect_garbage()
        viewer = Viewer(request)
        if not self._hub.make_room():
            error = f"{MAX_VIEWERS} viewers are connected already; try again later"
            return await _refuse(viewer, request, {"type": "busy", "error": error}, TRY_AGAIN_LATER)
        viewer.with_picture = request.query.get("picture") != "0"
        viewer.send(self._hub.initial_message(login=self._needs_login(request)))
        viewer.send(encode(self._reporter.message()))
        self._hub.viewers.add(viewer)
        try:
            async for message in viewer.messages():
                if message.type is not WSMsgType.TEXT or message.data != "next":
                    await viewer.close(UNSUPPORTED_DATA, "expected the text next")
                    break
                viewer.request_frame()
        finally:
            self._hub.viewers.discard(viewer)
        return viewer.socket

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        camera = self._hub.status.browser
        if not camera:
            raise web.HTTPNotFound(text="the camera is not a browser's; that is --camera browser")
        self._collect_garbage()
        channel, now = Channel(request, max_size=MAX_PICTURE_SIZE), self._hub.status.clock.monotonic
        if self._camera:
            if now() - self._last_picture < TAKEOVER_TIMEOUT:
                error = "another browser is the camera"
                return await _refuse(channel, request, {"type": "error", "error": error}, CAMERA_TAKEN)
            self._camera.abort()
        self._camera, self._last_picture, self._hub.browser_connected = channel, now(), True
        try:
            await self._receive(channel, camera)
        finally:
            if self._camera is channel:
                self._camera, self._hub.browser_connected = None, False
        return channel.socket

    async def _receive(self, channel: Channel, camera: BrowserCamera) -> None:
        now = self._hub.status.clock.monotonic
        limiter = RateLimiter(MAX_PICTURE_RATE, now())
        async for message in channel.messages():
            if message.type is not WSMsgType.BINARY:
                await channel.close(UNSUPPORTED_DATA, "expected a JPEG")
                return
            self._last_picture = now()
            if not limiter.take(now()):
                await channel.close(POLICY_VIOLATION, f"more than {MAX_PICTURE_RATE:.0f} pictures a second")
                return
            camera.offer(message.data, self._reply_to(channel))

    def _reply_to(self, channel: Channel) -> Callable[[str | None], None]:
        """A callback, for any thread, that sends the browser the error in its picture or a request for the next one."""

        def reply(problem: str | None) -> None:
            message = {"type": "error", "error": problem} if problem else {"type": "next"}
            self._hub.call(channel.send, encode(message))

        return reply

    def _collect_garbage(self) -> None:
        self._opened += 1
        if self._opened % COLLECT_INTERVAL == 0:
            gc.collect()


async def _refuse(channel: Channel, request: web.Request, message: dict[str, str], code: int) -> web.StreamResponse:
    await channel.socket.prepare(request)
    await channel.socket.send_str(encode(message))
    await channel.close(code, message["error"])
    return channel.socket
