"""What programs are told, and what they may do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.support import Mosquitto, wait_until
from tests.support.mjpeg import MjpegCamera
from tests.support.web_client import ask, visitor
from tests.support.web_daemon import Daemon, in_a_loop


def test_state_and_health_are_those_of_mqtt(porch: Daemon) -> None:
    told = wait_until(lambda: (state := ask(porch, "/api/state")[2])["faces"] and state)
    assert {"device", "faces", "emotion", "score", "paused", "camera", "tracks"} == told.keys()
    assert (told["device"], told["camera"]) == (porch.device, "ok")
    for face in told["tracks"]:
        assert sum(face["scores"]) == pytest.approx(1, abs=0.02)
        assert all(0 <= value <= 1 for value in face["box"])
    health = wait_until(lambda: porch.said("health"), 30)[0]
    assert ask(porch, "/api/health")[2].keys() == health.keys()


def test_prometheus_reads_the_metrics(porch: Daemon) -> None:
    wait_until(lambda: porch.said("event"))
    _, headers, text = ask(porch, "/metrics")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    values = {sample.name: sample.value for sample in samples}
    assert values["fer_frames_total"] > 0
    assert values["fer_broker_connected"] == values["fer_camera_up"] == 1
    assert values["process_resident_memory_bytes"] > 1e7
    by_type = {sample.labels["type"]: sample.value for sample in samples if sample.name == "fer_events_total"}
    assert by_type["start"] >= 1
    info = next(sample.labels for sample in samples if sample.name == "fer_sensor_info")
    assert (info["device"], info["model"]) == (porch.device, "base")
    accepted = {"Accept": "application/openmetrics-text; version=1.0.0"}
    assert ask(porch, "/metrics", headers=accepted)[2].endswith("# EOF\n")


def test_events_are_streamed_as_subscribers_get_them_and_go_on_behind_the_last_one(
    broker: Mosquitto, camera: MjpegCamera
) -> None:
    here = Daemon(broker, camera.url, "--model", "nano")

    async def listen(last: str | None, stop: Callable[[list[str]], bool]) -> list[str]:
        headers = {"Last-Event-ID": last} if last else {}
        read: list[str] = []
        async with visitor(here) as session, session.get("/api/events", headers=headers) as response:
            assert response.content_type == "text/event-stream"
            async for line in response.content:
                read.append(line.decode().rstrip("\n"))
                if stop(read):
                    break
        return read

    def data(lines: list[str]) -> list[str]:
        return [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]

    try:
        wait_until(lambda: here.texts("event"))
        known = here.texts("event")
        read = in_a_loop(asyncio.wait_for(listen("none", lambda read: len(data(read)) == len(known)), 20))
        assert data(read) == known
        assert read[0] == "retry: 2000"
        last = json.loads(known[-1])["id"]
        assert f"id: {last}" in read
        # The end of a face, by a pause, comes behind it.
        ask(here, "/api/pause", method="POST", json={"paused": True})
        ended = wait_until(lambda: here.texts("event")[len(known) :])
        read = in_a_loop(asyncio.wait_for(listen(last, lambda read: len(data(read)) == len(ended)), 20))
        assert data(read) == ended
    finally:
        here.close()


def test_a_pause_releases_the_camera_and_is_told_everywhere(broker: Mosquitto, camera: MjpegCamera) -> None:
    here = Daemon(broker, camera.url, "--model", "nano")
    try:
        wait_until(lambda: here.said("event"))
        asked = len(camera.paths)
        assert ask(here, "/api/pause", method="POST", json={"paused": True})[2] == {"paused": True}
        wait_until(lambda: here.state.get("paused"))
        assert ask(here, "/api/state")[2]["camera"] == "paused"
        wait_until(lambda: ask(here, "/api/state")[2]["tracks"] == [])
        assert len(camera.paths) == asked
        assert ask(here, "/api/pause", method="POST", json={"paused": False})[0] == 200
        wait_until(lambda: len(camera.paths) > asked)
        wait_until(lambda: ask(here, "/api/state")[2]["faces"])
    finally:
        here.close()


@pytest.mark.parametrize(
    "body",
    ["", "{}", "[]", '"paused"', '{"paused": 1}', '{"paused": null}', "{", "[" * 4000, "\x00", '{"paused": "true"}'],
)
def test_a_pause_that_is_none_is_refused(porch: Daemon, body: str) -> None:
    status, _, told = ask(porch, "/api/pause", method="POST", data=body, headers={"Content-Type": "application/json"})
    assert (status, told) == (400, {"error": 'expected {"paused": true} or {"paused": false}'})


@pytest.mark.parametrize(
    ("method", "path", "size", "status"),
    [
        ("POST", "/api/pause", 5000, 413),
        ("POST", "/login", 5_000_000, 413),
        ("PUT", "/api/state", 10, 405),
        ("POST", "/", 1, 405),
    ],
)
def test_what_is_too_large_or_the_wrong_way_is_refused(
    porch: Daemon, method: str, path: str, size: int, status: int
) -> None:
    headers = {"Content-Type": "application/json" if path == "/api/pause" else "application/x-www-form-urlencoded"}
    assert ask(porch, path, method=method, data="x" * size, headers=headers)[0] == status
