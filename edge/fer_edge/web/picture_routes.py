"""The pictures for other programs: a stream of JPEGs, as network cameras have it, and a single JPEG."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from fer_edge.web.hub import MAX_VIEWERS, Hub
from fer_edge.web.picture_streams import PictureStream

BOUNDARY = "frame"
WRITE_TIMEOUT = 10.0  # seconds after which a reader that takes nothing is disconnected
PICTURE_TIMEOUT = 8.0  # seconds until there is a picture; Home Assistant waits for 10
MAX_UNSENT = 1 << 14  # bytes that the kernel keeps for a slow reader besides what is on its way
OPTIONS = ("boxes", "blur")


class PictureRoutes:
    """Answers requests for pictures. Each counts as a viewer while it lasts."""

    def __init__(
        self, hub: Hub, write_timeout: float = WRITE_TIMEOUT, picture_timeout: float = PICTURE_TIMEOUT
    ) -> None:
        """The timeouts are in seconds."""
        self._hub, self._write_timeout, self._picture_timeout = hub, write_timeout, picture_timeout

    def routes(self) -> list[web.RouteDef]:
        """The routes that are handled here."""
        return [
            web.get("/stream.mjpg", self._stream, allow_head=False),
            web.get("/snapshot.jpg", self._snapshot, allow_head=False),
        ]

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        options = _parse_options(request)
        with self._open(blur=options["blur"]) as stream:
            response = web.StreamResponse(
                headers={
                    "Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}",
                    "X-Accel-Buffering": "no",  # nginx would hold pictures back
                }
            )
            _keep_no_backlog(request)
            await response.prepare(request)
            with contextlib.suppress(ConnectionError, TimeoutError):
                # A browser shows a picture when the next boundary arrives, so each is sent with it.
                await response.write(f"--{BOUNDARY}\r\n".encode())
                while picture := await stream.take():
                    async with asyncio.timeout(self._write_timeout):
                        await response.write(_part(picture.jpeg(boxes=options["boxes"])))
                return response
            if request.transport:
                request.transport.abort()
        return response

    async def _snapshot(self, request: web.Request) -> web.StreamResponse:
        options = _parse_options(request)
        picture = None
        with self._open(blur=options["blur"]) as stream, contextlib.suppress(TimeoutError):
            if not self._hub.status.camera_problem:
                picture = await asyncio.wait_for(stream.take(), self._picture_timeout)
        if not picture:
            problem = self._hub.status.camera_problem or "the camera delivers none"
            raise web.HTTPServiceUnavailable(text=f"there is no picture: {problem}")
        return web.Response(body=picture.jpeg(boxes=options["boxes"]), content_type="image/jpeg")

    @contextmanager
    def _open(self, *, blur: bool) -> Iterator[PictureStream]:
        if not self._hub.make_room():
            raise web.HTTPServiceUnavailable(text=f"{MAX_VIEWERS} viewers are connected already; try again later")
        stream = PictureStream(blur=blur)
        self._hub.pictures.add(stream)
        try:
            yield stream
        finally:
            self._hub.pictures.remove(stream)


def _parse_options(request: web.Request) -> dict[str, bool]:
    """Whether `boxes` and `blur` are requested. A misspelt `blur` must not show faces that were to be hidden."""
    for name, value in request.query.items():
        if name not in OPTIONS:
            raise web.HTTPBadRequest(text=f"{name[:40]}: no such option; expected boxes or blur")
        if value not in {"0", "1"}:
            raise web.HTTPBadRequest(text=f"{name}={value[:40]}: expected 0 or 1")
    return {name: "1" in request.query.getall(name, []) for name in OPTIONS}


def _part(jpeg: bytes) -> bytes:
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    return b"".join((head.encode(), jpeg, f"\r\n--{BOUNDARY}\r\n".encode()))


def _keep_no_backlog(request: web.Request) -> None:
    """Have a write wait until what was written before is on its way: a slow reader is to get the newest picture."""
    transport = request.transport
    if transport and isinstance(transport, asyncio.Transport):
        transport.set_write_buffer_limits(high=0)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MAX_UNSENT)
