"""HTTP on one connection: aiohttp's protocol, whose errors are answered as the rest of the page answers them."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from aiohttp import web

from fer_edge.events import encode
from fer_edge.web.middleware import PUBLIC_PATHS, Handler, add_headers

log = logging.getLogger(__name__)

CLOSE_TIMEOUT = 1.0  # seconds to read the rest of a refused request, and to close a TLS connection in order
MAX_ERROR_LENGTH = 100  # characters of the parser's message in a response


class HttpProtocol(web.RequestHandler):
    """Parses and handles the requests on a connection.

    Attributes:
        is_authenticated: Whether a request has passed the access control.
        is_busy: Whether such a request is being handled.
        has_ended: Set when the connection has ended.
    """

    def __init__(self, server: web.Server, idle_timeout: float) -> None:
        """`idle_timeout`: seconds for the head of a request, from the start or from the last response."""
        options: dict[str, Any] = {"access_log": None, "auto_decompress": False, "lingering_time": CLOSE_TIMEOUT}
        super().__init__(server, loop=asyncio.get_running_loop(), keepalive_timeout=idle_timeout, **options)
        self.is_authenticated = self.is_busy = False
        self.has_ended = asyncio.Event()
        self._is_malformed = False

    def data_received(self, data: bytes) -> None:
        """Called by asyncio. Parse what was received, and nothing after an error.

        The traceback of an error holds what was received, up to 256 KB, in a reference cycle with the error. Thousands
        of malformed requests would fill the memory until the garbage collection.
        """
        if self._is_malformed:
            return
        super().data_received(data)
        if self._messages and (error := getattr(self._messages[-1][0], "exc", None)):
            self._is_malformed = True
            error.__traceback__ = None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Called by asyncio."""
        super().connection_lost(exc)
        self.has_ended.set()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request that the parser, or aiohttp before any middleware, could not handle."""
        if request.writer.output_size > 0:
            raise ConnectionError("part of a response has been sent")
        if status == 500 and not isinstance(exc, UnicodeError):
            log.error("page: %s %s", request.method, request.raw_path, exc_info=exc)
            return _ErrorResponse(request, status, "internal error; see the log of the sensor")
        if exc:
            exc.__traceback__ = None  # see data_received
        reason = (message or "not UTF-8").partition("\n")[0].rstrip(":")
        return _ErrorResponse(request, 400, f"malformed request: {reason[:MAX_ERROR_LENGTH]}")


class _ErrorResponse(web.Response):
    """The last response on a connection; outside the application, so it adds the headers itself."""

    def __init__(self, request: web.BaseRequest, status: int, error: str) -> None:
        super().__init__(status=status, text=encode({"error": error}), content_type="application/json")
        self.force_close()
        self._request = request

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        add_headers(self._request, self)


@web.middleware
async def mark_authenticated(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Mark the connection of a request that has passed the access control, so that it is not closed to make room."""
    protocol = request.protocol
    if request.path in PUBLIC_PATHS or not isinstance(protocol, HttpProtocol):
        return await handler(request)
    protocol.is_authenticated = protocol.is_busy = True
    try:
        return await handler(request)
    finally:
        protocol.is_busy = False
