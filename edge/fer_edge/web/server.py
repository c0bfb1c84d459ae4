"""The server of the live page: an observer of the run, with an HTTP server in its own thread."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import BadContentDispositionHeader, BadContentDispositionParam, web

from fer_edge.cameras.frame import Frame
from fer_edge.config.web import UNENCRYPTED_WARNING, WebOptions, check_token, describe_access, tls_context
from fer_edge.run.controls import RunControls
from fer_edge.run.observer import RunObserver
from fer_edge.run.status import RunStatus
from fer_edge.tracking.track import TrackedFace
from fer_edge.web import zone_editor
from fer_edge.web.api import Api
from fer_edge.web.auth import Authenticator
from fer_edge.web.connections import Connections
from fer_edge.web.history_api import HistoryApi
from fer_edge.web.http_protocol import mark_authenticated
from fer_edge.web.hub import Hub
from fer_edge.web.listener import WebServerError, listen, url_of
from fer_edge.web.logouts import Logouts
from fer_edge.web.loop_thread import LoopThread
from fer_edge.web.middleware import AccessControl
from fer_edge.web.page_files import PageFiles
from fer_edge.web.pages import Pages
from fer_edge.web.picture_routes import PictureRoutes
from fer_edge.web.request_checks import check_head, read_body
from fer_edge.web.status_reporter import StatusReporter
from fer_edge.web.websockets import WebSockets
from fer_edge.web.zone_editor import ZoneEditor

log = logging.getLogger(__name__)

MAX_REQUEST_SIZE = 4096  # bytes
START_TIMEOUT = 10.0  # seconds
CLOSE_TIMEOUT = 1.0  # seconds to close the WebSockets, and again to end the thread


class WebServer(RunObserver):
    """Shows a run in browsers: an observer of the run.

    Attributes:
        url: Where a browser finds the page.
    """

    def __init__(self, options: WebOptions, token: str | None, files: PageFiles | None = None) -> None:
        """Bind the port.

        Args:
            options: Where and how the page is served.
            token: What its viewers must know, or None.
            files: What the page reads and writes besides the run.

        Raises:
            UsageError: The page would be open to the network without a token, or the host is not this machine.
            WebServerError: The port cannot be used.
        """
        check_token(options, token)
        self._options = options
        self._token, self._files = token or None, files or PageFiles()
        self._socket = listen(options)
        self._thread: LoopThread | None = None
        self._hub: Hub | None = None
        self._zone_editor: ZoneEditor | None = None
        self.url = url_of(self._socket, secure=options.certificate is not None)

    def on_start(self, status: RunStatus, controls: RunControls) -> None:
        """Start to serve. Raises WebServerError when the server does not start."""
        self._hub = hub = Hub(status, keeps_minutes=self._files.read_history is not None)
        self._zone_editor = ZoneEditor(hub, controls, self._files.zones, allowed=self._options.allow_edit)
        site = _Site(self._options, self._token, self._files, self._socket, hub, controls, self._zone_editor)
        self._thread = LoopThread(site.serve, "page")
        self._thread.start(START_TIMEOUT)
        self.poll()
        log.info("page at %s, %s", self.url, describe_access(self._options, self._token))
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
        """Use the zones that the page has saved. Raises WebServerError when the server has ended by itself."""
        if self._zone_editor:
            self._zone_editor.apply()
        if not (self._thread and self._thread.is_running):
            error = self._thread.error if self._thread else None
            raise WebServerError(f"the page has failed: {error or 'its server does not start'}") from error

    def close(self) -> None:
        """Disconnect everyone and release the port."""
        if self._thread:
            self._thread.stop(2 * CLOSE_TIMEOUT)
        self._socket.close()


@dataclass(frozen=True)
class _Site:
    """What the server's thread serves."""

    options: WebOptions
    token: str | None
    files: PageFiles
    socket: socket.socket
    hub: Hub
    controls: RunControls
    zone_editor: ZoneEditor

    async def serve(self, ready: Callable[[], None], stop: asyncio.Event) -> None:
        """Serve until `stop` is set, or something fails."""
        self.hub.attach(asyncio.get_running_loop())
        health = self.hub.status.open_health()
        reporter = StatusReporter(self.hub, health)
        clock = self.hub.status.clock
        authenticator = Authenticator(self.token, clock, Logouts(self.files.logouts, clock.wall))
        access = AccessControl(self.options, authenticator)
        sockets = WebSockets(self.hub, reporter, access.needs_login)
        app = self._application(access, Api(self.hub, health, self.controls), sockets)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_TIMEOUT / 2, handler_cancellation=True)
        await runner.setup()
        server = cast(web.Server, runner.server)  # None only before the setup
        connections = Connections(self.socket, server, tls_context(self.options))
        tasks = [asyncio.create_task(task) for task in (reporter.run(), connections.run(), stop.wait())]
        ready()
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        with contextlib.suppress(TimeoutError):  # a viewer that reads nothing gets no close frame
            await asyncio.wait_for(asyncio.gather(sockets.close(), self.hub.close()), CLOSE_TIMEOUT)
        await runner.cleanup()
        await connections.close()
        for task in done:
            task.result()

    def _application(self, access: AccessControl, api: Api, sockets: WebSockets) -> web.Application:
        pages = Pages(access)
        read = read_body(max_sizes={zone_editor.PATH: zone_editor.MAX_SIZE})
        middlewares = [check_head, access.middleware, read, mark_authenticated]
        app = web.Application(middlewares=middlewares, client_max_size=MAX_REQUEST_SIZE)
        app.on_response_prepare.append(access.add_headers)
        app.add_routes([*pages.routes(), *api.routes(), *sockets.routes(), *PictureRoutes(self.hub).routes()])
        app.add_routes(self.zone_editor.routes())
        if self.files.read_history:
            app.add_routes(HistoryApi(self.files.read_history, self.hub.status.labels, self.hub.status.clock).routes())
        logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # malformed requests from the network
        # Likewise, past the limits of the log.
        for category in (BadContentDispositionHeader, BadContentDispositionParam):
            warnings.simplefilter("ignore", category)
        return app
