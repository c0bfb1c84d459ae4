"""What stands before every request: which host it is meant for, from which page it comes, and who sends it."""

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

PUBLIC = {"/", "/login", "/page.css", "/icon.svg"}  # the login page, and what it needs; `/` is that for a stranger
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


class RequestGuard:
    """Lets a request pass, or answers it itself; and gives every answer its headers.

    The Host is looked at since a page from elsewhere may have had its name point here (DNS rebinding); an address in
    place of a name cannot. A WebSocket, or a request that changes something, must come from our own page, or from a
    program, which sends no Origin.
    """

    def __init__(self, options: WebOptions, gate: Authenticator) -> None:
        name = socket.gethostname().lower()
        self.gate = gate
        self._names = {"localhost", name, f"{name.partition('.')[0]}.local", options.listen[0].lower(), *options.names}

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """See above."""
        try:
            self._check_host(request)
            self._check_origin(request)
            if request.path not in PUBLIC and not self.may_enter(request):
                raise web.HTTPUnauthorized(text="log in, or send the token: Authorization: Bearer TOKEN")
            return await handler(request)
        except TooManyAttemptsError as error:
            return refusal(429, f"too many wrong tokens; try again in {error.wait} seconds", retry=error.wait)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return refusal(error.status, error.text or error.reason)
        except (ConnectionError, TimeoutError):
            raise
        except Exception:
            log.exception("page: %s %s", request.method, request.path)
            return refusal(500, "the page has a fault; the log of the sensor tells which")

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """For every answer."""
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.secure:  # over plain http a browser takes no notice of it, and complains
            response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.popall(hdrs.SERVER, None)

    def _check_host(self, request: web.Request) -> None:
        host = host_of(request.host)
        if not (host in self._names or _is_address(host)):
            raise web.HTTPForbidden(text=f"unknown host {host[:80]}; if it is this machine's: --web-names {host[:80]}")

    def _check_origin(self, request: web.Request) -> None:
        origin = request.headers.get(hdrs.ORIGIN)
        changes = request.method not in {"GET", "HEAD"} or hdrs.UPGRADE in request.headers
        if changes and origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
            raise web.HTTPForbidden(text=f"not from a page of {origin[:80]}")

    def may_enter(self, request: web.Request) -> bool:
        """Whether it comes with a cookie of ours or with the token. Raises TooManyAttemptsError."""
        if self.gate.open or self.gate.knows(request.cookies.get(cookie_name(request), "")):
            return True
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        return scheme.lower() == "bearer" and self.gate.admits(token.strip(), request.remote or "")


def refusal(status: int, text: str, *, retry: int | None = None) -> web.Response:
    """An answer that says why not, as JSON."""
    headers = {"Retry-After": str(retry)} if retry else {}
    return web.json_response({"error": text}, status=status, headers=headers)


def cookie_name(request: web.Request) -> str:
    """Cookies do not tell ports apart, and there may be several sensors on a machine."""
    return f"fer-edge-{request.url.port}"


def host_of(header: str) -> str:
    """The host of a Host header, without a port, in lower case; empty for what is none."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False
