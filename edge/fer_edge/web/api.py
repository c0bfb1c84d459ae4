"""The HTTP interface for programs: state, health, events as they happen, pause, and metrics."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from fer_edge.events import encode
from fer_edge.monitoring.health import Health
from fer_edge.run.controls import RunControls
from fer_edge.web.hub import MAX_STREAM_BACKLOG, EventStream, Hub
from fer_edge.web.prometheus import MetricsCollector

log = logging.getLogger(__name__)

KEEPALIVE_INTERVAL = 15.0  # seconds without an event after which a comment is sent on a stream
RETRY_INTERVAL = 2000  # milliseconds after which a reader connects again when its stream breaks


class Api:
    """Answers programs, in JSON unless the format is another's."""

    def __init__(self, hub: Hub, health: Health, controls: RunControls) -> None:
        self._hub, self._health, self._controls = hub, health, controls
        self._registry = CollectorRegistry()
        self._registry.register(MetricsCollector(hub, health))

    def routes(self) -> list[web.RouteDef]:
        """The routes that are handled here."""
        return [
            web.get("/api/state", self._state),
            web.get("/api/health", self._get_health),
            web.get("/api/events", self._events, allow_head=False),
            web.post("/api/pause", self._pause),
            web.get("/metrics", self._metrics),
        ]

    async def _state(self, request: web.Request) -> web.StreamResponse:
        status = self._hub.status
        state = status.state()
        faces = self._hub.history.faces if state["faces"] else []
        return _json({"device": status.device, **state, "camera": status.camera_problem or "ok", "tracks": faces})

    async def _get_health(self, request: web.Request) -> web.StreamResponse:
        return _json(self._health.message())

    async def _pause(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/json":  # a form on a page from elsewhere could send any other type
            raise web.HTTPUnsupportedMediaType(text="expected Content-Type: application/json")
        try:
            paused = json.loads(await request.text())["paused"]
        except (ValueError, KeyError, TypeError, RecursionError):
            paused = None
        if not isinstance(paused, bool):
            raise web.HTTPBadRequest(text='expected {"paused": true} or {"paused": false}')
        self._controls.paused = paused
        log.info("page: %s by %s", "paused" if paused else "resumed", request.remote)
        return _json({"paused": paused})

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        try:
            encoder, content_type = choose_encoder(request.headers.get("Accept", ""))
        except (TypeError, ValueError) as error:  # a version that is no number
            raise web.HTTPBadRequest(text="malformed request: header Accept") from error
        return web.Response(body=encoder(self._registry), headers={"Content-Type": content_type})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: `data` is an event as subscribers get it, `id` its id; see the HTML standard, 9.2."""
        if not self._hub.make_room():
            raise web.HTTPServiceUnavailable(text="too many viewers are connected already")
        stream: EventStream = asyncio.Queue(MAX_STREAM_BACKLOG)
        self._hub.add_stream(stream)
        try:
            headers = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}  # nginx would hold events back
            response = web.StreamResponse(headers=headers)
            await response.prepare(request)
            await response.write(f"retry: {RETRY_INTERVAL}\n\n".encode())
            for event in self._hub.history.events_after(request.headers.get("Last-Event-ID")):
                await response.write(_server_sent(event))
            with contextlib.suppress(ConnectionError):
                await _write_events(response, stream)
        finally:
            self._hub.streams.pop(stream, None)
        return response


async def _write_events(response: web.StreamResponse, stream: EventStream) -> None:
    while True:
        try:
            event = await asyncio.wait_for(stream.get(), KEEPALIVE_INTERVAL)
        except TimeoutError:
            await response.write(b": alive\n\n")
            continue
        if event is None:
            return
        await response.write(_server_sent(event))


def _server_sent(event: dict[str, Any]) -> bytes:
    return f"id: {event['id']}\ndata: {encode(event)}\n\n".encode()


def _json(message: dict[str, Any]) -> web.Response:
    return web.Response(text=encode(message), content_type="application/json")
