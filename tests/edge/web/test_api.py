"""What programs get: state, health, events as they happen, and the pause."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator

import pytest
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import wait_until
from tests.support.web_client import open_session, request
from tests.support.web_daemon import WebDaemon, run_async


@pytest.fixture
def daemon(broker: Mosquitto, camera: MjpegCamera) -> Iterator[WebDaemon]:
    """A sensor for one test, which may pause it."""
    daemon = WebDaemon(broker, camera.url, "--model", "nano")
    yield daemon
    daemon.close()


def test_state_and_health_are_those_of_mqtt(porch: WebDaemon) -> None:
    state = wait_until(lambda: (body := request(porch, "/api/state").body)["faces"] and body)
    dominant = {"emotion", "score", "scores", "valence", "arousal"}
    assert {"device", "faces", *dominant, "observing", "problem", "paused", "camera", "tracks"} == state.keys()
    assert (state["device"], state["camera"]) == (porch.device, "ok")
    for face in state["tracks"]:
        assert sum(face["scores"]) == pytest.approx(1, abs=0.02)
        assert all(0 <= value <= 1 for value in face["box"])
        assert len(face["full_box"]) == 4
        assert -180 <= face["angle"] <= 180
    health = wait_until(lambda: porch.published("health"), 30)[0]
    assert request(porch, "/api/health").body.keys() == health.keys()


def test_a_stream_has_the_events_as_subscribers_get_them_and_continues_after_the_last_one(daemon: WebDaemon) -> None:
    async def read(last_id: str, is_complete: Callable[[list[str]], bool]) -> list[str]:
        lines: list[str] = []
        async with (
            open_session(daemon) as session,
            session.get("/api/events", headers={"Last-Event-ID": last_id}) as response,
        ):
            assert response.content_type == "text/event-stream"
            async for line in response.content:
                lines.append(line.decode().rstrip("\n"))
                if is_complete(lines):
                    break
        return lines

    def data(lines: list[str]) -> list[str]:
        return [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]

    def read_events(last_id: str, count: int) -> list[str]:
        lines: list[str] = run_async(asyncio.wait_for(read(last_id, lambda lines: len(data(lines)) == count), 20))
        return lines

    wait_until(lambda: daemon.payloads("event"))
    published = daemon.payloads("event")
    lines = read_events("none", len(published))
    assert data(lines) == published
    assert lines[0] == "retry: 2000"
    last_id = json.loads(published[-1])["id"]
    assert f"id: {last_id}" in lines
    # A pause ends the tracks, and so adds events.
    request(daemon, "/api/pause", method="POST", json={"paused": True})
    added = wait_until(lambda: daemon.payloads("event")[len(published) :])
    assert data(read_events(last_id, len(added))) == added


def test_a_pause_releases_the_camera_and_is_reported_everywhere(daemon: WebDaemon, camera: MjpegCamera) -> None:
    wait_until(lambda: daemon.published("event"))
    connections = len(camera.paths)
    assert request(daemon, "/api/pause", method="POST", json={"paused": True}).body == {"paused": True}
    wait_until(lambda: daemon.state.get("paused"))
    assert request(daemon, "/api/state").body["camera"] == "paused"
    wait_until(lambda: request(daemon, "/api/state").body["tracks"] == [])
    assert len(camera.paths) == connections
    assert request(daemon, "/api/pause", method="POST", json={"paused": False}).status == 200
    wait_until(lambda: len(camera.paths) > connections)
    wait_until(lambda: request(daemon, "/api/state").body["faces"])


@pytest.mark.parametrize(
    "body",
    ["", "{}", "[]", '"paused"', '{"paused": 1}', '{"paused": null}', "{", "[" * 4000, "\x00", '{"paused": "true"}'],
)
def test_an_invalid_pause_is_refused(porch: WebDaemon, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    response = request(porch, "/api/pause", method="POST", data=body, headers=headers)
    assert response.status == 400
    assert response.body == {"error": 'expected {"paused": true} or {"paused": false}'}


@pytest.mark.parametrize(
    ("method", "path", "size", "status"),
    [
        ("POST", "/api/pause", 5000, 413),
        ("POST", "/login", 5_000_000, 413),
        ("PUT", "/api/state", 10, 405),
        ("POST", "/", 1, 405),
    ],
)
def test_requests_that_are_too_large_or_of_the_wrong_method_are_refused(
    porch: WebDaemon, method: str, path: str, size: int, status: int
) -> None:
    headers = {"Content-Type": "application/json" if path == "/api/pause" else "application/x-www-form-urlencoded"}
    assert request(porch, path, method=method, data="x" * size, headers=headers).status == status
