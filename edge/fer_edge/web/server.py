"""The live page beside a run: a server in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from fer_edge.cameras.frame import Frame
from fer_edge.config.web import UNENCRYPTED_WARNING, WebOptions, check_token, in_url, tls_context
from fer_edge.errors import FerError, UsageError
from fer_edge.run.controls import RunControls
from fer_edge.run.status import RunStatus
from fer_edge.tracking.track import TrackedFace
from fer_edge.web.api import Api
from fer_edge.web.auth import Authenticator
from fer_edge.web.hub import Hub
from fer_edge.web.middleware import RequestGuard
from fer_edge.web.pages import Pages
from fer_edge.web.websockets import WebSockets

log = logging.getLogger(__name__)

CONNECTIONS = 100  # at the same time; more are closed at once
BACKLOG = 10  # that are let in before they are counted
LARGEST_REQUEST = 4096  # bytes
TIMEOUT = 10.0  # seconds for the server to begin
LAST_WORDS = 1.0  # seconds for it to end
CURES = {
    errno.EACCES: "take a port from 1024 on",
    errno.EADDRINUSE: "another program has it; if it is fer-edge itself: sudo systemctl stop fer-edge",
    errno.EADDRNOTAVAIL: "expected an address of this machine; 0.0.0.0 is all of them",
}


class WebServerError(FerError):
    """The page cannot be shown, or no longer."""


class WebServer:
    """Shows a run to browsers: an onlooker of the service."""

    def __init__(self, options: WebOptions, token: str | None) -> None:
        """Take the port.

        Raises UsageError for an open door or a host that is not ours, WebServerError for a taken port.
        """
        check_token(options, token)
        self._options, self._token = options, token or None
        self._socket = _listen(options)
        self.url = _url(self._socket, secure=options.certificate is not None)
        self._thread: threading.Thread | None = None
        self._hub: Hub | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()
        self._begun = threading.Event()
        self._failure: Exception | None = None

    def on_start(self, status: RunStatus, controls: RunControls) -> None:
        """Let people in. Raises WebServerError when the server does not begin."""
        self._hub = Hub(status, controls)
        self._thread = threading.Thread(target=self._run, args=(self._hub,), name="page", daemon=True)
        self._thread.start()
        self._begun.wait(TIMEOUT)
        self.poll()
        log.info("page at %s%s", self.url, "" if self._token is None else ", with a token")
        if self._options.unencrypted:
            log.warning("page: %s", UNENCRYPTED_WARNING)

    def on_frame(self, frame: Frame, faces: Sequence[TrackedFace]) -> None:
        """Show a frame and its faces, the largest first."""
        if self._hub:
            self._hub.on_frame(frame, faces)

    def on_event(self, message: dict[str, Any]) -> None:
        """Show an event."""
        if self._hub:
            self._hub.on_event(message)

    def poll(self) -> None:
        """Raise WebServerError when the server has ended by itself."""
        if self._failure or not (self._thread and self._thread.is_alive() and self._begun.is_set()):
            raise WebServerError(f"the page has broken down: {self._failure or 'it does not begin'}") from self._failure

    def finish(self) -> None:
        """Nothing is unfinished."""

    def close(self) -> None:
        """Send everybody away and give the port back."""
        if self._thread and self._loop and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join(2 * LAST_WORDS)
        self._socket.close()

    def _run(self, hub: Hub) -> None:
        try:
            asyncio.run(self._serve(hub))
        except Exception as error:
            # The thread's last word must be heard: check() passes it on.
            log.exception("page")
            self._failure = error

    async def _serve(self, hub: Hub) -> None:
        self._loop = asyncio.get_running_loop()
        hub.attach(self._loop)
        guard = RequestGuard(self._options, Authenticator(self._token, time.time, time.monotonic))
        sockets = WebSockets(hub, login=self._token is not None)
        visit = Pages(guard, secure=self._options.certificate is not None)
        app = web.Application(middlewares=[guard.middleware], client_max_size=LARGEST_REQUEST)
        app.on_response_prepare.append(guard.add_headers)
        app.add_routes([*visit.routes(), *Api(hub).routes(), *sockets.routes()])
        logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # what strangers send is not news
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=LAST_WORDS / 2, handler_cancellation=True)
        await runner.setup()
        server = await self._loop.create_server(
            _bounded(runner), sock=self._socket, ssl=tls_context(self._options), backlog=BACKLOG
        )
        reporting = asyncio.create_task(hub.report())
        self._begun.set()
        ended = asyncio.create_task(self._ending.wait())
        await asyncio.wait([reporting, ended], return_when=asyncio.FIRST_COMPLETED)
        server.close()
        with contextlib.suppress(TimeoutError):  # one that takes nothing is sent no word, and cut off
            await asyncio.wait_for(asyncio.gather(sockets.close(), hub.close()), LAST_WORDS)
        await runner.cleanup()
        if reporting.done():
            reporting.result()
        reporting.cancel()


def _listen(options: WebOptions) -> socket.socket:
    host, port = options.listen
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except socket.gaierror as error:
        raise UsageError(
            f"{options.address}: {_told(error)}; expected an address of this machine", setting="web.listen"
        ) from error
    except OSError as error:
        cure = CURES.get(error.errno) if error.errno else None
        raise WebServerError(f"{options.address}: {_told(error)}", setting="web.listen", cure=cure) from error


def _url(listening: socket.socket, *, secure: bool) -> str:
    """Where a browser finds it."""
    host, port = listening.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:  # it listens at every address
        host = socket.gethostname()
    return f"{'https' if secure else 'http'}://{in_url(host)}:{port}/"


def _told(error: OSError) -> str:
    # create_server puts the address behind the reason, in brackets.
    return str(error.strerror).partition(" (")[0].lower()


class _Closed(asyncio.Protocol):
    """One connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def _bounded(runner: web.AppRunner) -> Callable[[], asyncio.BaseProtocol]:
    """Makes the protocol of each connection, as long as they are not too many: each may hold memory."""

    def make() -> asyncio.BaseProtocol:
        server = runner.server
        if server is None or len(server.connections) >= CONNECTIONS:
            return _Closed()
        return server()

    return make
