"""Those who look on, by WebSocket."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import cv2
import numpy as np
import pytest
from aiohttp import WSMsgType
from tests.support.web_client import frame_of, speak, visitor
from tests.support.web_daemon import Daemon, in_a_loop

from fer_edge.web.hub import MOST_VIEWERS


def test_a_viewer_gets_a_frame_for_each_that_it_asks_for(porch: Daemon) -> None:
    async def talk(socket: aiohttp.ClientWebSocketResponse) -> None:
        hello, status = json.loads((await socket.receive()).data), json.loads((await socket.receive()).data)
        assert (hello["type"], hello["device"], hello["browser"], hello["login"]) == (
            "hello",
            porch.device,
            False,
            False,
        )
        assert status["type"] == "status"
        assert status["broker"]["connected"] is True
        head, jpeg = await frame_of(socket)
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
        assert picture is not None
        assert picture.shape == tuple(reversed(head["size"]))
        later, _ = await frame_of(socket)
        assert later["number"] > head["number"]
        # Unasked, words come and no frame.
        kinds = [(await socket.receive()).type for _ in range(8)]
        assert set(kinds) == {WSMsgType.TEXT}

    speak(porch, "/api/live", talk)


def test_a_viewer_that_wants_no_picture_gets_the_faces(porch: Daemon) -> None:
    async def talk(socket: aiohttp.ClientWebSocketResponse) -> None:
        while not (got := await frame_of(socket))[0]["faces"]:
            pass
        assert got[1] == b""

    speak(porch, "/api/live?picture=0", talk)


@pytest.mark.parametrize("word", ["nex", "", "x" * 1000, b"next"])
def test_a_viewer_that_says_something_else_is_sent_away(porch: Daemon, word: str | bytes) -> None:
    async def talk(socket: aiohttp.ClientWebSocketResponse) -> int | None:
        await (socket.send_str(word) if isinstance(word, str) else socket.send_bytes(word))
        async for _ in socket:
            pass
        return socket.close_code

    assert speak(porch, "/api/live", talk) == 1003


def test_viewers_are_bounded_and_the_others_told(porch: Daemon) -> None:
    async def crowd() -> tuple[list[dict[str, Any]], int | None, int]:
        async with visitor(porch) as session:
            inside = [await session.ws_connect("/api/live") for _ in range(MOST_VIEWERS)]
            first = [json.loads((await socket.receive()).data) for socket in inside]
            late = await session.ws_connect("/api/live")
            told = json.loads((await late.receive()).data)
            await late.receive()
            async with session.get("/api/events") as response:
                stream = response.status
            await inside[0].close()
            for _ in range(50):
                again = await session.ws_connect("/api/live")
                if json.loads((await again.receive()).data)["type"] == "hello":
                    break
                await asyncio.sleep(0.1)
            else:
                raise AssertionError("no place was given back")
            return [*first, told], late.close_code, stream

    told, code, stream = in_a_loop(crowd())
    assert [message["type"] for message in told] == ["hello"] * MOST_VIEWERS + ["busy"]
    assert told[-1]["error"] == f"{MOST_VIEWERS} are looking on already; try again later"
    assert (code, stream) == (1013, 503)
