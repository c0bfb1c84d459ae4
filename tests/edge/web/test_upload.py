"""What a browser, or who claims to be one, sends as camera."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import aiohttp
import cv2
import pytest
from aiohttp import WSMsgType
from tests.support import Mosquitto, run, wait_until
from tests.support.web_client import FACE, ask, refused, speak, visitor
from tests.support.web_daemon import Daemon, in_a_loop


@pytest.fixture
def desk(broker: Mosquitto) -> Iterator[Daemon]:
    """A sensor whose camera is that of a browser."""
    made = Daemon(broker, "browser", "--model", "nano")
    yield made
    made.close()


def jpeg_of_a_face() -> bytes:
    return bytes(cv2.imencode(".jpg", cv2.imread(str(FACE)))[1])


async def said_by(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    return dict(json.loads((await asyncio.wait_for(socket.receive(), 10)).data))


def test_pictures_of_a_browser_become_events(desk: Daemon) -> None:
    async def talk(socket: aiohttp.ClientWebSocketResponse) -> None:
        for _ in range(12):
            await socket.send_bytes(jpeg_of_a_face())
            assert await said_by(socket) == {"type": "next"}
            await asyncio.sleep(0.04)
        await socket.send_bytes(b"no picture")
        assert await said_by(socket) == {"type": "error", "error": "not a JPEG"}

    assert ask(desk, "/api/state")[2]["camera"] == "no browser sends pictures yet"
    speak(desk, "/api/camera", talk)
    first = wait_until(lambda: desk.said("event"))[0]
    printed = run("fer_edge", "--camera", FACE, "--model", "nano", "--mqtt", "none", "--print").events
    assert (first["type"], first["emotion"]) == ("start", printed[0]["emotion"])
    wait_until(lambda: desk.said("event")[-1]["type"] == "end")


@pytest.mark.parametrize("size", [1_000_001, 100_000_000])
def test_a_picture_that_is_far_too_large_ends_the_connection_and_nothing_else(desk: Daemon, size: int) -> None:
    async def talk(socket: aiohttp.ClientWebSocketResponse) -> int | None:
        with suppress(ConnectionError):
            await socket.send_bytes(b"\xff\xd8\xff" + bytes(size))
        await socket.receive()
        return socket.close_code

    assert speak(desk, "/api/camera", talk) in {1009, 1006, None}
    memory = ask(desk, "/api/health")[2]["rss_mb"]
    assert memory < 400
    assert ask(desk, "/api/state")[2]["camera"].startswith("no browser")


def test_ten_thousand_pictures_a_second_end_the_connection(desk: Daemon) -> None:
    async def talk(socket: aiohttp.ClientWebSocketResponse) -> int | None:
        with contextlib.suppress(ConnectionError):
            for _ in range(10_000):
                await socket.send_bytes(b"\xff\xd8\xff" + bytes(1000))
        while (await socket.receive()).type in {WSMsgType.TEXT, WSMsgType.BINARY}:
            pass
        return socket.close_code

    assert speak(desk, "/api/camera", talk) == 1008
    assert ask(desk, "/api/state")[0] == 200


def test_one_browser_at_a_time_is_the_camera_until_it_falls_silent(desk: Daemon) -> None:
    async def two() -> None:
        async with visitor(desk) as session:
            first = await session.ws_connect("/api/camera")
            await first.send_bytes(jpeg_of_a_face())
            assert await said_by(first) == {"type": "next"}
            second = await session.ws_connect("/api/camera")
            assert await said_by(second) == {"type": "error", "error": "another browser is the camera"}
            await second.receive()
            assert second.close_code == 4009
            await asyncio.sleep(2.2)
            third = await session.ws_connect("/api/camera")
            await third.send_bytes(jpeg_of_a_face())
            assert await said_by(third) == {"type": "next"}
            assert (await asyncio.wait_for(first.receive(), 10)).type in {
                WSMsgType.CLOSED,
                WSMsgType.ERROR,
                WSMsgType.CLOSE,
            }

    in_a_loop(two())


def test_a_paused_sensor_takes_no_pictures(desk: Daemon) -> None:
    async def talk(socket: aiohttp.ClientWebSocketResponse) -> None:
        await socket.send_bytes(jpeg_of_a_face())
        assert await said_by(socket) == {"type": "error", "error": "paused"}

    ask(desk, "/api/pause", method="POST", json={"paused": True})
    wait_until(lambda: desk.state.get("paused"))
    speak(desk, "/api/camera", talk)


def test_a_camera_of_its_own_takes_no_pictures_of_browsers(porch: Daemon) -> None:
    assert refused(porch, "/api/camera") == 404
