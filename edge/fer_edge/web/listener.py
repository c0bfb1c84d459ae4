"""The listening socket of the live page, and a limit on its connections."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Callable

from aiohttp import web

from fer_edge.config.addresses import in_url
from fer_edge.config.web import WebOptions
from fer_edge.errors import FerError, UsageError

MAX_CONNECTIONS = 100  # at the same time, since each may hold memory; more are closed at once
CURES = {
    errno.EACCES: "take a port from 1024 on",
    errno.EADDRINUSE: "another program has it; if it is fer-edge itself: sudo systemctl stop fer-edge",
    errno.EADDRNOTAVAIL: "expected an address of this machine; 0.0.0.0 is all of them",
}


class WebServerError(FerError):
    """The live page cannot be served, or no longer."""


def listen(options: WebOptions) -> socket.socket:
    """Bind the port. Raises UsageError for an unknown host, WebServerError for a port that cannot be used."""
    host, port = options.listen
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except socket.gaierror as error:
        raise UsageError(
            f"{options.address}: {_reason(error)}; expected an address of this machine", setting="web.listen"
        ) from error
    except OSError as error:
        cure = CURES.get(error.errno) if error.errno else None
        raise WebServerError(f"{options.address}: {_reason(error)}", setting="web.listen", cure=cure) from error


def url_of(listening: socket.socket, *, secure: bool) -> str:
    """The URL under which a browser finds the page."""
    host, port = listening.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:  # it listens on every address
        host = socket.gethostname()
    return f"{'https' if secure else 'http'}://{in_url(host)}:{port}/"


def limit_connections(runner: web.AppRunner) -> Callable[[], asyncio.BaseProtocol]:
    """A protocol factory that closes connections beyond MAX_CONNECTIONS."""

    def make_protocol() -> asyncio.BaseProtocol:
        server = runner.server
        if server is None or len(server.connections) >= MAX_CONNECTIONS:
            return _Closed()
        return server()

    return make_protocol


class _Closed(asyncio.Protocol):
    """Closes its connection at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def _reason(error: OSError) -> str:
    # create_server appends the address to the reason, in parentheses.
    return str(error.strerror).partition(" (")[0].lower()
