"""What programs are told: the state, the health, the events as they happen, and the pause."""

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
from fer_edge.web.hub import WAITING, Hub, Stream
from fer_edge.web.prometheus import MetricsCollector

log = logging.getLogger(__name__)

ALIVE = 15.0  # seconds without an event after which a stream says that it lives
AGAIN = 2000  # milliseconds after which a reader of a stream that broke connects again


class Api:
    """Answers programs, in JSON, or as they want it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._registry = CollectorRegistry()
        self._registry.register(MetricsCollector(hub))

    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get("/api/state", self._state),
            web.get("/api/health", self._health),
            web.get("/api/events", self._events, allow_head=False),
            web.post("/api/pause", self._pause),
            web.get("/metrics", self._metrics),
        ]

    async def _state(self, request: web.Request) -> web.StreamResponse:
        sensor = self._hub.run
        state = sensor.state()
        faces = self._hub.faces if state["faces"] else []
        return answer({"device": sensor.device, **state, "camera": sensor.camera_problem or "ok", "tracks": faces})

    async def _health(self, request: web.Request) -> web.StreamResponse:
        return answer(self._hub.health.message())

    async def _pause(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/json":  # a form of another page could be anything else
            raise web.HTTPUnsupportedMediaType(text="expected Content-Type: application/json")
        try:
            paused = json.loads(await request.text())["paused"]
        except (ValueError, KeyError, TypeError, RecursionError):
            paused = None
        if not isinstance(paused, bool):
            raise web.HTTPBadRequest(text='expected {"paused": true} or {"paused": false}')
        self._hub.controls.paused = paused
        log.info("page: %s by %s", "paused" if paused else "resumed", request.remote)
        return answer({"paused": paused})

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        encoder, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encoder(self._registry), headers={"Content-Type": content_type})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: `data` is an event as subscribers get it, `id` its id; see the HTML standard, 9.2."""
        if self._hub.full:
            raise web.HTTPServiceUnavailable(text="too many are looking on already")
        stream: Stream = asyncio.Queue(WAITING)
        self._hub.streams.add(stream)
        try:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            await response.write(f"retry: {AGAIN}\n\n".encode())
            for event in self._missed(request.headers.get("Last-Event-ID")):
                await response.write(_told(event))
            with contextlib.suppress(ConnectionError):
                await _tell(response, stream)
        finally:
            self._hub.streams.discard(stream)
        return response

    def _missed(self, last: str | None) -> list[dict[str, Any]]:
        """The events behind the last one that the reader had; all that are kept if that is not among them."""
        events = list(self._hub.events)
        places = [place for place, event in enumerate(events) if event["id"] == last]
        return [] if last is None else events[places[0] + 1 if places else 0 :]


async def _tell(response: web.StreamResponse, stream: Stream) -> None:
    while True:
        try:
            event = await asyncio.wait_for(stream.get(), ALIVE)
        except TimeoutError:
            await response.write(b": alive\n\n")
            continue
        if event is None:
            return
        await response.write(_told(event))


def _told(event: dict[str, Any]) -> bytes:
    return f"id: {event['id']}\ndata: {encode(event)}\n\n".encode()


def answer(message: dict[str, Any]) -> web.Response:
    """A message as JSON."""
    return web.Response(text=encode(message), content_type="application/json")
