"""The last 24 hours for the live page, from the history of minutes."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from fer_edge.clock import Clock
from fer_edge.config.addresses import quote
from fer_edge.events import encode, rfc3339
from fer_edge.web.page_files import ReadHistory

INTERVAL = 900  # seconds; quarters of an hour begin at the same time in every time zone
INTERVALS = 96  # a day
CACHE_TIME = 20.0  # seconds within which the file is not read again, however many viewers there are


class HistoryApi:
    """Answers GET /api/history, which exists only with a history."""

    def __init__(self, read: ReadHistory, labels: Sequence[str], clock: Clock) -> None:
        """`labels` are the emotions, in the order of the model's scores."""
        self._read, self._labels, self._clock = read, labels, clock
        self._lock = asyncio.Lock()
        self._cached: tuple[int, Mapping[str, Mapping[int, dict[str, Any]]]] = (0, {})  # its first interval, and sums
        self._read_at = -math.inf

    def routes(self) -> list[web.RouteDef]:
        """The routes that are handled here."""
        return [web.get("/api/history", self._get)]

    async def _get(self, request: web.Request) -> web.Response:
        first, sums = await self._load()
        zone, zones = request.query.get("zone", ""), sorted(name for name in sums if name)
        if zone and zone not in zones:
            known = ", ".join(map(quote, zones)) or "none"
            raise web.HTTPNotFound(text=f"zone {quote(zone[:64])} is not in the last 24 hours; known: {known}")
        bars = [sums.get(zone, {}).get(first + INTERVAL * index) for index in range(INTERVALS)]
        answer = {
            "from": rfc3339(first),
            "interval_s": INTERVAL,
            "labels": _labels(self._labels, bars),
            "zones": zones,
            "intervals": [bar and _rounded(bar) for bar in bars],
        }
        return web.Response(text=encode(answer), content_type="application/json")

    async def _load(self) -> tuple[int, Mapping[str, Mapping[int, dict[str, Any]]]]:
        async with self._lock:
            now = self._clock.monotonic()
            if now - self._read_at >= CACHE_TIME:
                last = int(self._clock.wall()) // INTERVAL * INTERVAL
                first = last - INTERVAL * (INTERVALS - 1)
                try:
                    self._cached = first, await asyncio.to_thread(self._read, first, last + INTERVAL, INTERVAL)
                except ValueError as error:
                    raise web.HTTPServiceUnavailable(text=str(error)) from error
                self._read_at = now
            return self._cached


def _labels(labels: Sequence[str], bars: Sequence[dict[str, Any] | None]) -> list[str]:
    """The labels of the model, then those of models before it."""
    return list(dict.fromkeys([*labels, *(label for bar in bars if bar for label in bar["emotions_s"])]))


def _rounded(bar: dict[str, Any]) -> dict[str, Any]:
    emotions = {label: round(seconds, 1) for label, seconds in bar["emotions_s"].items()}
    return {**{name: round(value, 1) for name, value in bar.items() if name != "emotions_s"}, "emotions_s": emotions}
