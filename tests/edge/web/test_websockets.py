"""The two WebSockets: viewers, and the browser that is the camera."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import aiohttp
import cv2
import numpy as np
import pytest
from aiohttp import WSMsgType, web
from tests.support.clock import FakeClock
from tests.support.media import WALK
from tests.support.mosquitto import Mosquitto
from tests.support.processes import run
from tests.support.waiting import wait_until
from tests.support.web_client import FACE, handshake_error, open_session, receive_frame, request, with_socket
from tests.support.web_daemon import WebDaemon, run_async

from fer_edge.cameras.browser import BrowserCamera
from fer_edge.cameras.files import VideoFile
from fer_edge.config.model import Config
from fer_edge.config.web import WebOptions
from fer_edge.daemon import Daemon
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.run.models import Models
from fer_edge.web.hub import MAX_VIEWERS
from fer_edge.web.server import WebServer
from fer_edge.web.websockets import COLLECT_INTERVAL, TAKEOVER_TIMEOUT, RateLimiter

# --- viewers


def test_a_viewer_gets_one_frame_per_request(porch: WebDaemon) -> None:
    async def view(socket: aiohttp.ClientWebSocketResponse) -> None:
        hello, status = json.loads((await socket.receive()).data), json.loads((await socket.receive()).data)
        assert (hello["type"], hello["device"]) == ("hello", porch.device)
        assert (hello["browser"], hello["login"]) == (False, False)
        assert status["type"] == "status"
        assert status["broker"]["connected"] is True
        header, jpeg = await receive_frame(socket)
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
        assert picture is not None
        assert picture.shape == (*reversed(header["size"]), 3)
        later, _ = await receive_frame(socket)
        assert later["number"] > header["number"]
        # Without a request there are texts and no frames.
        kinds = [(await socket.receive()).type for _ in range(8)]
        assert set(kinds) == {WSMsgType.TEXT}

    wait_until(lambda: porch.published("state"))  # it is connected
    with_socket(porch, "/api/live", view)


def test_a_viewer_without_pictures_gets_the_faces(porch: WebDaemon) -> None:
    async def view(socket: aiohttp.ClientWebSocketResponse) -> None:
        while not (frame := await receive_frame(socket))[0]["faces"]:
            pass
        assert frame[1] == b""

    with_socket(porch, "/api/live?picture=0", view)


@pytest.mark.parametrize("message", ["nex", "", "x" * 1000, b"next"])
def test_a_viewer_that_sends_anything_else_is_disconnected(porch: WebDaemon, message: str | bytes) -> None:
    async def send(socket: aiohttp.ClientWebSocketResponse) -> int | None:
        await (socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message))
        async for _ in socket:
            pass
        return socket.close_code

    assert with_socket(porch, "/api/live", send) == 1003


def test_the_number_of_viewers_is_limited_and_the_next_is_refused_with_a_reason(porch: WebDaemon) -> None:
    async def crowd() -> tuple[list[dict[str, Any]], int | None, int]:
        async with open_session(porch) as session:
            sockets = [await session.ws_connect("/api/live") for _ in range(MAX_VIEWERS)]
            messages = [json.loads((await socket.receive()).data) for socket in sockets]
            late = await session.ws_connect("/api/live")
            messages.append(json.loads((await late.receive()).data))
            await late.receive()
            async with session.get("/api/events") as response:
                stream = response.status
            await sockets[0].close()
            for _ in range(50):
                retry = await session.ws_connect("/api/live")
                if json.loads((await retry.receive()).data)["type"] == "hello":
                    break
                await asyncio.sleep(0.1)
            else:
                raise AssertionError("the place of a viewer that left is not free")
            return messages, late.close_code, stream

    messages, code, stream = run_async(crowd())
    assert [message["type"] for message in messages] == ["hello"] * MAX_VIEWERS + ["busy"]
    assert messages[-1]["error"] == f"{MAX_VIEWERS} viewers are connected already; try again later"
    assert (code, stream) == (1013, 503)


async def connect_repeatedly(url: str, times: int) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(times):
            async with session.ws_connect(url) as socket:
                await socket.receive()


def test_reference_cycles_of_closed_websockets_do_not_accumulate(classifier: EmotionClassifier) -> None:
    daemon = Daemon(Config(camera=str(WALK), broker=None), VideoFile(WALK), Models(classifier))
    server = WebServer(WebOptions(("127.0.0.1", 0)), None)
    server.on_start(daemon.status, daemon.controls)
    gc.collect()
    gc.disable()
    try:
        run_async(connect_repeatedly(f"{server.url}api/live", 3 * COLLECT_INTERVAL))
        left = sum(isinstance(thing, web.WebSocketResponse) for thing in gc.get_objects())
    finally:
        gc.enable()
        server.close()
    assert left <= COLLECT_INTERVAL + 10


# --- the browser that is the camera


@pytest.fixture
def desk(broker: Mosquitto) -> Iterator[WebDaemon]:
    """A sensor whose camera is that of a browser."""
    daemon = WebDaemon(broker, "browser", "--model", "nano")
    # At the start it is "no browser sends pictures yet"; then the daemon takes pictures.
    wait_until(lambda: request(daemon, "/api/state").body["camera"] == "no browser sends pictures")
    yield daemon
    daemon.close()


def jpeg_of_a_face() -> bytes:
    return bytes(cv2.imencode(".jpg", cv2.imread(str(FACE)))[1])


async def receive_json(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    return dict(json.loads((await asyncio.wait_for(socket.receive(), 10)).data))


def test_pictures_of_a_browser_become_events(desk: WebDaemon) -> None:
    async def send_pictures(socket: aiohttp.ClientWebSocketResponse) -> None:
        for _ in range(12):
            await socket.send_bytes(jpeg_of_a_face())
            assert await receive_json(socket) == {"type": "next"}
            await asyncio.sleep(0.04)
        await socket.send_bytes(b"no picture")
        assert await receive_json(socket) == {"type": "error", "error": "not a JPEG"}

    with_socket(desk, "/api/camera", send_pictures)
    first = wait_until(lambda: desk.published("event"))[0]
    expected = run("fer_edge", "--camera", FACE, "--model", "nano", "--mqtt", "none", "--print").events[0]
    assert (first["type"], first["emotion"]) == ("start", expected["emotion"])
    wait_until(lambda: desk.published("event")[-1]["type"] == "end")


@pytest.mark.parametrize("size", [1_000_001, 100_000_000])
def test_a_picture_that_is_too_large_ends_the_connection_and_nothing_else(desk: WebDaemon, size: int) -> None:
    async def send(socket: aiohttp.ClientWebSocketResponse) -> int | None:
        with suppress(ConnectionError):
            await socket.send_bytes(b"\xff\xd8\xff" + bytes(size))
            await socket.receive()
        return socket.close_code

    assert with_socket(desk, "/api/camera", send) in {1009, 1006, None}
    assert request(desk, "/api/health").body["rss_mb"] < 400
    assert request(desk, "/api/state").body["camera"].startswith("no browser")


def test_ten_thousand_pictures_a_second_end_the_connection(desk: WebDaemon) -> None:
    async def send(socket: aiohttp.ClientWebSocketResponse) -> int | None:
        with suppress(ConnectionError):
            for _ in range(10_000):
                await socket.send_bytes(b"\xff\xd8\xff" + bytes(1000))
        while (await socket.receive()).type in {WSMsgType.TEXT, WSMsgType.BINARY}:
            pass
        return socket.close_code

    assert with_socket(desk, "/api/camera", send) == 1008
    assert request(desk, "/api/state").status == 200


def test_one_browser_is_the_camera_until_it_sends_no_more_pictures(classifier: EmotionClassifier) -> None:
    clock, camera = FakeClock(), BrowserCamera()
    camera.close()  # it rejects every picture at once, as there is no loop that would take them
    daemon = Daemon(Config(camera="browser", broker=None), camera, Models(classifier), clock=clock)
    server = WebServer(WebOptions(("127.0.0.1", 0)), None)
    server.on_start(daemon.status, daemon.controls)
    rejected = {"type": "error", "error": "paused"}

    async def compete() -> None:
        async with aiohttp.ClientSession(server.url.rstrip("/")) as session:
            first = await session.ws_connect("/api/camera")
            await first.send_bytes(jpeg_of_a_face())
            assert await receive_json(first) == rejected
            clock.advance(TAKEOVER_TIMEOUT / 2)
            second = await session.ws_connect("/api/camera")
            assert await receive_json(second) == {"type": "error", "error": "another browser is the camera"}
            await second.receive()
            assert second.close_code == 4009
            clock.advance(TAKEOVER_TIMEOUT / 2)
            third = await session.ws_connect("/api/camera")
            await third.send_bytes(jpeg_of_a_face())
            assert await receive_json(third) == rejected
            ended = {WSMsgType.CLOSED, WSMsgType.ERROR, WSMsgType.CLOSE}
            assert (await asyncio.wait_for(first.receive(), 10)).type in ended

    try:
        run_async(compete())
    finally:
        server.close()


def test_a_paused_sensor_takes_no_pictures(desk: WebDaemon) -> None:
    async def send(socket: aiohttp.ClientWebSocketResponse) -> None:
        await socket.send_bytes(jpeg_of_a_face())
        assert await receive_json(socket) == {"type": "error", "error": "paused"}

    request(desk, "/api/pause", method="POST", json={"paused": True})
    wait_until(lambda: desk.state.get("paused"))
    with_socket(desk, "/api/camera", send)


def test_a_sensor_with_another_camera_takes_no_pictures(porch: WebDaemon) -> None:
    assert handshake_error(porch, "/api/camera") == 404


def test_a_rate_is_limited_with_bursts_of_a_second() -> None:
    limiter = RateLimiter(10, now=100.0)
    assert [limiter.take(100.0) for _ in range(11)] == [True] * 10 + [False]
    limiter = RateLimiter(10, now=100.0)
    assert all(limiter.take(100 + number / 10) for number in range(1000))
