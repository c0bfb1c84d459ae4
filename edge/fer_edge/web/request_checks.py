"""Refuses requests that are malformed in a way that the HTTP parser accepts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Middleware

from fer_edge.web.error_response import error_response
from fer_edge.web.middleware import Handler

BODY_TIMEOUT = 5.0  # seconds from the head of a request to the end of its body
ASCII_HEADERS = (
    hdrs.HOST,
    hdrs.ORIGIN,
    hdrs.ACCEPT,
    hdrs.CONTENT_TYPE,
    hdrs.SEC_WEBSOCKET_KEY,
    hdrs.SEC_WEBSOCKET_VERSION,
)


@web.middleware
async def check_head(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request with status 400 if its Host, or another header that is used, cannot be read."""
    header = _malformed_header(request)
    if header:
        return error_response(request, 400, f"malformed request: header {header}")
    return await handler(request)


def read_body(timeout: float = BODY_TIMEOUT, max_sizes: Mapping[str, int] | None = None) -> Middleware:
    """A middleware that reads the body, which is kept in the request, before the request is handled.

    Args:
        timeout: Seconds to receive the body.
        max_sizes: Bytes that a body may have, by path, if not that of the application.
    """

    @web.middleware
    async def read(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.can_read_body:
            if size := (max_sizes or {}).get(request.path):
                request = request.clone(client_max_size=size)
            try:
                async with asyncio.timeout(timeout):
                    await (request.post() if request.content_type.startswith("multipart/") else request.text())
            except TimeoutError as error:
                raise web.HTTPRequestTimeout(text=f"no complete request within {timeout:.0f} seconds") from error
            except (web.RequestPayloadError, HttpProcessingError, LookupError, RuntimeError, ValueError) as error:
                raise web.HTTPBadRequest(text="malformed request: body") from error
        return await handler(request)

    return read


def _malformed_header(request: web.Request) -> str | None:
    for name in ASCII_HEADERS:
        if not request.headers.get(name, "").isascii():
            return name
    name = hdrs.HOST
    try:
        str(request.url)
        name = hdrs.ORIGIN
        urlsplit(request.headers.get(name, "")).port  # noqa: B018 - it raises
        name = hdrs.AUTHORIZATION
        request.headers.get(name, "").encode()  # aiohttp decodes bytes that are not UTF-8 to lone surrogates
    except ValueError:
        return name
    return None
