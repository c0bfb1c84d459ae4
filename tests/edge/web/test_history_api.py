"""The last 24 hours over HTTP: from the file, with gaps, by zone, and only with a history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from tests.support.clock import NOON, FakeClock
from tests.support.web_client import request
from tests.support.web_daemon import WebDaemon, run_async

from fer_edge.web.history_api import CACHE_TIME, INTERVAL, INTERVALS, HistoryApi

LAST = int(NOON) // INTERVAL * INTERVAL
BAR = {"observed_s": 100.04, "nobody_s": 40.0, "unsure_s": 10.0, "emotions_s": {"happy": 50.04, "old": 1.0}}


class Bench:
    """The API with a history in memory.

    Attributes:
        clock: Of the sensor.
        calls: The arguments of each reading.
    """

    def __init__(self) -> None:
        self.clock = FakeClock(0.0)
        self.calls: list[tuple[int, int, int]] = []
        self.problem: ValueError | None = None

    def read(self, since: int, until: int, interval: int) -> Mapping[str, Mapping[int, dict[str, Any]]]:
        self.calls.append((since, until, interval))
        if self.problem:
            raise self.problem
        return {"": {LAST: BAR, since: BAR}, "sofa": {LAST: BAR}}

    def get(self, *paths: str) -> list[tuple[int, Any]]:
        async def ask() -> list[tuple[int, Any]]:
            app = web.Application()
            app.add_routes(HistoryApi(self.read, ["happy", "sad"], self.clock).routes())
            answers = []
            async with TestClient(TestServer(app)) as client:
                for path in paths:
                    if path.startswith("+"):
                        self.clock.advance(float(path))
                        continue
                    async with client.get(path) as response:
                        is_json = response.content_type == "application/json"
                        answers.append((response.status, await (response.json() if is_json else response.text())))
            return answers

        return run_async(ask())


def test_a_day_of_quarters_of_an_hour_ends_with_the_current_one_and_gaps_are_null() -> None:
    bench = Bench()
    [(status, answer)] = bench.get("/api/history")
    assert status == 200
    assert bench.calls == [(LAST - 95 * INTERVAL, LAST + INTERVAL, INTERVAL)]
    bar = {"observed_s": 100.0, "nobody_s": 40.0, "unsure_s": 10.0, "emotions_s": {"happy": 50.0, "old": 1.0}}
    assert answer == {
        "from": "2023-11-14T12:15:00.000Z",
        "interval_s": INTERVAL,
        "labels": ["happy", "sad", "old"],
        "zones": ["sofa"],
        "intervals": [bar, *[None] * (INTERVALS - 2), bar],
    }


def test_a_zone_is_selected_and_an_unknown_one_is_refused() -> None:
    [(_, sofa), (status, text)] = Bench().get("/api/history?zone=sofa", "/api/history?zone=attic")
    assert [index for index, bar in enumerate(sofa["intervals"]) if bar] == [INTERVALS - 1]
    assert (status, text) == (404, "zone 'attic' is not in the last 24 hours; known: 'sofa'")


def test_the_file_is_read_once_for_all_viewers_in_a_while() -> None:
    bench = Bench()
    bench.get(*["/api/history", "/api/history?zone=sofa"] * 20)
    assert len(bench.calls) == 1
    bench.get("/api/history", f"+{CACHE_TIME}", "/api/history")
    assert len(bench.calls) == 3


def test_a_file_that_cannot_be_read_is_one_line() -> None:
    bench = Bench()
    bench.problem = ValueError("history x: file is not a database")
    assert bench.get("/api/history") == [(503, str(bench.problem))]


def test_without_a_history_there_is_nothing(porch: WebDaemon) -> None:
    assert request(porch, "/api/history").status == 404
