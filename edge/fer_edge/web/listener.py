"""The listening socket of the live page."""

from __future__ import annotations

import errno
import ipaddress
import socket

from fer_edge.config.addresses import in_url
from fer_edge.config.web import WebOptions
from fer_edge.errors import FerError, UsageError

BACKLOG = 1000  # connections that the kernel keeps until they are accepted
SEND_BUFFER = 65_536  # bytes that the kernel keeps for a peer that does not read; by itself it would keep megabytes
SEND_TIMEOUT = 8.0  # seconds
CURES = {
    errno.EACCES: "take a port from 1024 on",
    errno.EADDRINUSE: "another program has it; if it is fer-edge itself: sudo systemctl stop fer-edge",
    errno.EADDRNOTAVAIL: "expected an address of this machine; 0.0.0.0 is all of them",
}


class WebServerError(FerError):
    """The live page cannot be served, or no longer."""


def listen(options: WebOptions, *, send_timeout: float = SEND_TIMEOUT) -> socket.socket:
    """Bind the port.

    Args:
        options: Host and port.
        send_timeout: Seconds after which a connection is closed whose peer takes nothing of what is sent.

    Raises:
        UsageError: The host is unknown.
        WebServerError: The port cannot be used.
    """
    host, port = options.listen
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except socket.gaierror as error:
        raise UsageError(
            f"{options.address}: {_reason(error)}; expected an address of this machine", setting="web.listen"
        ) from error
    except OSError as error:
        cure = CURES.get(error.errno) if error.errno else None
        raise WebServerError(f"{options.address}: {_reason(error)}", setting="web.listen", cure=cure) from error
    # The connections inherit both.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * send_timeout))
    return listening


def url_of(listening: socket.socket, *, secure: bool) -> str:
    """The URL under which a browser finds the page."""
    host, port = listening.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:  # it listens on every address
        host = socket.gethostname()
    return f"{'https' if secure else 'http'}://{in_url(host)}:{port}/"


def _reason(error: OSError) -> str:
    # create_server appends the address to the reason, in parentheses.
    return str(error.strerror).partition(" (")[0].lower()
