"""Checks every request before it is handled: its Host, its Origin, and its token or cookie."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from fer_edge.config.web import WebOptions, is_ip_address
from fer_edge.web.auth import Authenticator, TooManyAttemptsError
from fer_edge.web.error_response import error_response
from fer_edge.web.forwarded import is_in, resolve_client

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# Cameras have a user name and a password: here the token may be the latter. Elsewhere it may not, since a browser keeps
# sending it, whatever the origin of a request, and even after the logout.
BASIC_PATHS = {"/stream.mjpg", "/snapshot.jpg"}
# The login page and its files; `/` is that without a cookie.
PUBLIC_PATHS = {"/", "/login", "/logout", "/page.css", "/icon.svg"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser sends the login form with `Origin: null`
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",  # Home Assistant shows an add-on's page in a frame of its own origin
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class AccessControl:
    """Lets a request pass or answers it with an error, and adds headers to every response.

    The Host is checked because the name of a page from elsewhere may be made to resolve to this machine (DNS
    rebinding); an address instead of a name cannot. What a proxy passes on that logs its users in is exempt: under the
    name of such a page, a browser is not logged in there. A WebSocket, or a request that changes something, must come
    from the live page, or from a program, which sends no Origin.

    The live page's Origin is the Host of the request, unless a proxy replaces the Host or drops its port. So an Origin
    whose host is in `web.names` is accepted whatever its scheme and port. Other sites cannot use that: the browser
    writes the Origin, with the name in its address bar, and rebinding does not change that name. What the owner serves
    under the same name on other ports is trusted, too. There is no such exception for hosts that are not
    configured, such as localhost.

    Attributes:
        authenticator: Checks tokens and cookies.
    """

    def __init__(self, options: WebOptions, authenticator: Authenticator) -> None:
        name = socket.gethostname().lower()
        self.authenticator = authenticator
        self._names, self._proxies = frozenset(options.names), options.trusted_proxies
        self._exempt = options.no_token_for
        self._transports: dict[str, set[asyncio.Transport]] = {}  # of requests in progress, by cookie
        self._hosts = {"localhost", name, f"{name.partition('.')[0]}.local", options.listen[0].lower(), *options.names}

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check a request, handle it, and turn errors into JSON, or a page for a person."""
        request = resolve_client(request, self._proxies)
        try:
            if not self._is_exempt(request):
                self._check_peer()
                self._check_host(request)
            self._check_origin(request)
            if request.path not in PUBLIC_PATHS and not self.is_authenticated(request):
                raise web.HTTPUnauthorized(text="log in, or send the token: Authorization: Bearer TOKEN")
            with self._track(request):
                return await handler(request)
        except TooManyAttemptsError as error:
            text = f"too many wrong tokens; try again in {error.retry_after} seconds"
            return error_response(request, 429, text, retry_after=error.retry_after)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            response = error_response(request, error.status, error.text or error.reason)
            if error.status == 401 and request.path in BASIC_PATHS:
                response.headers[hdrs.WWW_AUTHENTICATE] = 'Basic realm="fer-edge", charset="UTF-8"'
            return response
        except (ConnectionError, TimeoutError):
            raise
        except Exception:
            log.exception("page: %s %s", request.method, request.raw_path)
            return error_response(request, 500, "internal error; see the log of the sensor")

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add the headers of every response."""
        add_headers(request, response)

    def is_authenticated(self, request: web.Request) -> bool:
        """Whether a request has a valid cookie or the token, or needs none. Raises TooManyAttemptsError."""
        if not self.needs_login(request):
            return True
        if self._valid_cookie(request):
            return True
        address = request.remote or ""
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() == "basic" and request.path in BASIC_PATHS and not self.is_from_elsewhere(request):
            # A page from elsewhere can link to http://user:password@..., so these count as those in links.
            return self.authenticator.check_token(_basic_password(token.strip()), address, in_link=True)
        return scheme.lower() == "bearer" and self.authenticator.check_token(token.strip(), address)

    def needs_login(self, request: web.Request) -> bool:
        """Whether a request needs a cookie or the token."""
        return self.authenticator.required and not self._is_exempt(request)

    def log_out(self, request: web.Request) -> None:
        """Accept the cookie of a request no longer, and disconnect the WebSockets and streams opened with it."""
        cookie = self._valid_cookie(request)
        self.authenticator.revoke_cookie(cookie)
        for transport in self._transports.get(cookie, set()) - {request.transport}:
            transport.abort()

    def is_own_origin(self, request: web.Request) -> bool:
        """Whether a request has the live page's Origin, or none."""
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None:
            return True
        scheme, _, netloc = origin.lower().partition("://")
        host = request.host.lower().removesuffix(DEFAULT_PORTS.get(scheme, ""))
        return netloc == host or parse_host(netloc) in self._names

    def is_from_elsewhere(self, request: web.Request) -> bool:
        """Whether a page of another site made the browser send a request: for an image or in a frame, but not a link.

        Browsers send Sec-Fetch-Site over https and to localhost only.
        """
        site, destination = (request.headers.get(name) for name in ("Sec-Fetch-Site", "Sec-Fetch-Dest"))
        is_foreign = site not in {None, "none", "same-origin"} and destination != "document"
        return is_foreign or not self.is_own_origin(request)

    def _valid_cookie(self, request: web.Request) -> str:
        """The valid cookie of a request, or "". A sensor at a shorter path of the same host may have set one, too."""
        name = cookie_name(request)
        pairs = [pair.strip().partition("=") for pair in request.headers.get(hdrs.COOKIE, "").split(";")]
        values = [value for key, _, value in pairs if key == name]
        return next(filter(self.authenticator.check_cookie, values), "")

    @contextlib.contextmanager
    def _track(self, request: web.Request) -> Iterator[None]:
        """Keep the connection of a request, while it is handled, for log_out."""
        cookie, transport = self._valid_cookie(request), request.transport
        if transport is None or not cookie:
            yield
            return
        transports = self._transports.setdefault(cookie, set())
        transports.add(transport)
        try:
            yield
        finally:
            transports.discard(transport)
            if not transports:
                self._transports.pop(cookie, None)

    def _is_exempt(self, request: web.Request) -> bool:
        """Whether a request comes from a proxy that logs its users in itself."""
        peer = request.transport.get_extra_info("peername") if request.transport else None
        return peer is not None and is_in(peer[0], self._exempt)

    def _check_peer(self) -> None:
        if self._exempt and not self.authenticator.required:
            networks = ", ".join(map(str, self._exempt))
            text = f"this page is only for {networks}; for others give the sensor a token (--web-token-file)"
            raise web.HTTPForbidden(text=text)

    def _check_host(self, request: web.Request) -> None:
        host = parse_host(request.host)
        if not (host in self._hosts or is_ip_address(host)):
            text = f"unknown host {host[:80]}; if it is this machine's: --web-names {host[:80]} (web.names)"
            raise web.HTTPForbidden(text=text)

    def _check_origin(self, request: web.Request) -> None:
        changes = request.method not in {"GET", "HEAD"} or hdrs.UPGRADE in request.headers
        if changes and not self.is_own_origin(request):
            raise web.HTTPForbidden(text=_describe_foreign(request.headers[hdrs.ORIGIN][:80], request.host[:80]))


def add_headers(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Add the headers of every response."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.secure:  # browsers ignore it over plain HTTP, and warn about it
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.popall(hdrs.SERVER, None)


def cookie_name(request: web.Request) -> str:
    """The name of the cookie: cookies are shared between ports, and a machine may have several sensors."""
    return f"fer-edge-{request.url.port}"


def parse_host(header: str) -> str:
    """The host in a Host header, without its port, in lower case; empty without a host, or with a user before it."""
    try:
        return "" if "@" in header else (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _basic_password(credentials: str) -> str:
    """The password in the credentials of an Authorization header, in UTF-8 or else Latin-1; empty if malformed."""
    try:
        login = base64.b64decode(credentials, validate=True)
    except ValueError:
        return ""
    try:
        return login.decode().partition(":")[2]
    except UnicodeDecodeError:
        return login.decode("latin-1").partition(":")[2]


def _describe_foreign(origin: str, host: str) -> str:
    text = f"a page of {origin} sent this to {host}, which is another address"
    if not (name := parse_host(origin.partition("://")[2])):
        return text
    return (
        f"{text}; if a proxy is in between, add its name to the sensor's (--web-names {name}, web.names), or let it "
        "pass the Host on unchanged, in nginx: proxy_set_header Host $http_host;"
    )
