"""Lets the live page read the zones and, where the owner allows it, replace them in the file and in the run."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Any, NoReturn

from aiohttp import web

from fer_edge.config.zone_file import ChangedFileError, ZoneFile
from fer_edge.events import encode
from fer_edge.run.controls import RunControls
from fer_edge.web.hub import Hub
from fer_edge.zones import Zone

log = logging.getLogger(__name__)

PATH = "/api/zones"
MAX_SIZE = 1 << 16  # bytes of a request: 4,000 corners
APPLY_TIMEOUT = 5.0  # seconds until the run uses new zones, beyond which the answer does not wait for it
MAX_ERROR_LENGTH = 400  # characters
EXPECTED = 'expected {"zones": [{"name": ..., "box": [x, y, width, height]}, ...], "revision": "..."}'
NOT_ALLOWED = "set web.allow_edit = true (--web-allow-edit) to let the page save zones"


class ZoneEditor:
    """Answers GET and PUT at PATH.

    A PUT has the revision of the zones that it replaces, so that of two people who edit them at the same time none
    loses the zones of the other.
    """

    def __init__(self, hub: Hub, controls: RunControls, file: ZoneFile, *, allowed: bool) -> None:
        """`allowed`: whether the owner lets the page save zones."""
        self._hub, self._controls, self._file, self._allowed = hub, controls, file, allowed
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[int] | None = None
        self._saved: SimpleQueue[tuple[tuple[Zone, ...], Future[None]]] = SimpleQueue()

    def routes(self) -> list[web.RouteDef]:
        """The routes that are handled here."""
        return [web.get(PATH, self._get), web.put(PATH, self._put)]

    def apply(self) -> None:
        """Use saved zones in the run, from the next frame on. Called by the loop over the frames."""
        pipeline = self._controls.pipeline
        while True:
            try:
                zones, applied = self._saved.get_nowait()
            except Empty:
                return
            pipeline.adjust(replace(pipeline.options, zones=zones))
            self._hub.call(self._hub.broadcast_zones)
            applied.set_result(None)

    async def _get(self, request: web.Request) -> web.Response:
        return _json(self._description())

    async def _put(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":  # a form on a page from elsewhere could send any other type
            raise web.HTTPUnsupportedMediaType(text="expected Content-Type: application/json")
        if not self._allowed or not self._file.path:
            raise web.HTTPForbidden(text=self._problem())
        tables, revision = _parse(await request.text())
        # A client that goes away must not keep the run from using what is in the file.
        self._task = asyncio.create_task(self._save(tables, revision))
        count = await asyncio.shield(self._task)
        log.info("page: zones saved in %s by %s: %d", self._file.path, request.remote, count)
        return _json(self._description())

    async def _save(self, tables: Sequence[dict[str, Any]], revision: str) -> int:
        """Save zones in the file and have the run use them. Returns their number; raises the response of HTTP."""
        async with self._lock:
            if revision != _revision(self._file.tables):
                raise web.HTTPConflict(text="the zones have been changed since they were read: load them again")
            zones = await asyncio.to_thread(self._write, tables)
            applied: Future[None] = Future()
            self._saved.put((zones, applied))
            await asyncio.wait([asyncio.wrap_future(applied)], timeout=APPLY_TIMEOUT)
        return len(zones)

    def _write(self, tables: Sequence[dict[str, Any]]) -> tuple[Zone, ...]:
        """Write the zones into the file. Raises the response of HTTP if that fails."""
        try:
            return self._file.write(tables)
        except ChangedFileError as error:
            raise web.HTTPConflict(text=str(error)) from error
        except ValueError as error:
            raise web.HTTPUnprocessableEntity(text=_one_line(str(error))) from error
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            text = f"{self._file.path}: {reason}; the zones were not saved, and nothing has changed"
            log.warning("page: %s", text)
            raise web.HTTPInternalServerError(text=_one_line(text)) from error

    def _description(self) -> dict[str, Any]:
        problem = self._problem()
        reason = {"reason": problem} if problem else {}
        tables = self._file.tables
        return {"zones": tables, "revision": _revision(tables), "editable": not problem, **reason}

    def _problem(self) -> str:
        """Why the page cannot save zones, or ""."""
        return NOT_ALLOWED if not self._allowed else self._file.problem


def _parse(text: str) -> tuple[list[dict[str, Any]], str]:
    """Return the tables and the revision in the body of a request. Raises HTTPBadRequest."""
    try:
        match json.loads(text, parse_constant=_refuse_constant):
            case {"zones": list(tables), "revision": str(revision), **others} if not others:
                if all(isinstance(table, dict) for table in tables):
                    return tables, revision
    except (ValueError, RecursionError):
        pass
    raise web.HTTPBadRequest(text=EXPECTED)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")  # Python reads NaN and Infinity


def _revision(tables: Sequence[Any]) -> str:
    return hashlib.sha256(encode({"zones": list(tables)}).encode(errors="surrogatepass")).hexdigest()[:16]


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)[:MAX_ERROR_LENGTH]


def _json(message: dict[str, Any]) -> web.Response:
    return web.Response(text=encode(message), content_type="application/json")
