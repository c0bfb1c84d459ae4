"""Checks every request before it is handled: its Host, its Origin, and its token or cookie."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from fer_edge.config.web import WebOptions
from fer_edge.web.auth import Authenticator, TooManyAttemptsError

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PUBLIC_PATHS = {"/", "/login", "/page.css", "/icon.svg"}  # the login page and its files; `/` is that without a cookie
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser sends the login form with `Origin: null`
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class AccessControl:
    """Lets a request pass or answers it with an error, and adds headers to every response.

    The Host is checked because the name of a page from elsewhere may be made to resolve to this machine (DNS
    rebinding); an address instead of a name cannot. A WebSocket, or a request that changes something, must come from
    the live page, or from a program, which sends no Origin.

    Attributes:
        authenticator: Checks tokens and cookies.
    """

    def __init__(self, options: WebOptions, authenticator: Authenticator) -> None:
        name = socket.gethostname().lower()
        self.authenticator = authenticator
        self._hosts = {"localhost", name, f"{name.partition('.')[0]}.local", options.listen[0].lower(), *options.names}

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check a request, handle it, and turn errors into JSON."""
        try:
            self._check_host(request)
            self._check_origin(request)
            if request.path not in PUBLIC_PATHS and not self.is_authenticated(request):
                raise web.HTTPUnauthorized(text="log in, or send the token: Authorization: Bearer TOKEN")
            return await handler(request)
        except TooManyAttemptsError as error:
            text = f"too many wrong tokens; try again in {error.retry_after} seconds"
            return error_response(429, text, retry_after=error.retry_after)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return error_response(error.status, error.text or error.reason)
        except (ConnectionError, TimeoutError):
            raise
        except Exception:
            log.exception("page: %s %s", request.method, request.path)
            return error_response(500, "internal error; see the log of the sensor")

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add the headers of every response."""
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.secure:  # browsers ignore it over plain HTTP, and warn about it
            response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.popall(hdrs.SERVER, None)

    def is_authenticated(self, request: web.Request) -> bool:
        """Whether a request has a valid cookie or the token. Raises TooManyAttemptsError."""
        if not self.authenticator.required:
            return True
        if self.authenticator.check_cookie(request.cookies.get(cookie_name(request), "")):
            return True
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        return scheme.lower() == "bearer" and self.authenticator.check_token(token.strip(), request.remote or "")

    def _check_host(self, request: web.Request) -> None:
        host = parse_host(request.host)
        if not (host in self._hosts or _is_address(host)):
            raise web.HTTPForbidden(text=f"unknown host {host[:80]}; if it is this machine's: --web-names {host[:80]}")

    def _check_origin(self, request: web.Request) -> None:
        origin = request.headers.get(hdrs.ORIGIN)
        changes = request.method not in {"GET", "HEAD"} or hdrs.UPGRADE in request.headers
        if changes and origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
            raise web.HTTPForbidden(text=f"not from a page of {origin[:80]}")


def error_response(status: int, text: str, *, retry_after: int | None = None) -> web.Response:
    """An error as JSON; `retry_after` in seconds."""
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return web.json_response({"error": text}, status=status, headers=headers)


def cookie_name(request: web.Request) -> str:
    """The name of the cookie: cookies are shared between ports, and a machine may have several sensors."""
    return f"fer-edge-{request.url.port}"


def parse_host(header: str) -> str:
    """The host in a Host header, without its port, in lower case; empty without a host."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False
