"""What is sent on the WebSocket of a page: texts in order, then the newest frame if one was requested.

This covers `channel`, on which a viewer is built.
"""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace

import aiohttp
import numpy as np
from aiohttp import web
from tests.support.web_daemon import run_async

from fer_edge.cameras.frame import Frame
from fer_edge.web.channel import MAX_QUEUED_TEXTS, Channel
from fer_edge.web.frame_message import FrameMessage
from fer_edge.web.frame_picture import FramePicture
from fer_edge.web.viewer import MAX_REQUESTED_FRAMES, Viewer


class Transport:
    """The connection of a page."""

    def __init__(self) -> None:
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


class Socket:
    """Records what is sent."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.frames: list[bytes] = []

    async def send_str(self, text: str) -> None:
        self.texts.append(text)

    async def send_bytes(self, frame: bytes) -> None:
        self.frames.append(frame)


def make_viewer() -> tuple[Viewer, Socket, Transport]:
    transport, socket = Transport(), Socket()
    viewer = Viewer(SimpleNamespace(transport=transport))  # type: ignore[arg-type]
    viewer.socket = socket  # type: ignore[assignment]
    return viewer, socket, transport


def frame(number: int) -> FrameMessage:
    return FrameMessage(number, 1.0, FramePicture(Frame(np.full((4, 4), number, np.uint8), 1.0, number), [], ()), [])


def number_of(encoded: bytes) -> int:
    return encoded[encoded.index(b'"number": ') + len(b'"number": ')] - ord("0")


def test_a_viewer_that_takes_nothing_is_disconnected() -> None:
    viewer, _, transport = make_viewer()
    for _ in range(MAX_QUEUED_TEXTS):
        viewer.send("{}")
    assert not transport.aborted
    viewer.send("{}")
    assert transport.aborted


def test_texts_are_sent_in_order_and_frames_only_on_request() -> None:
    async def play() -> None:
        viewer, socket, _ = make_viewer()
        viewer.send("1")
        viewer.send("2")
        viewer.offer_frame(frame(1))
        await viewer.flush()
        assert (socket.texts, socket.frames) == (["1", "2"], [])
        viewer.request_frame()
        assert viewer.has_output.is_set()
        await viewer.flush()
        assert [number_of(sent) for sent in socket.frames] == [1]

    run_async(play())


def test_a_slow_viewer_skips_frames_and_the_number_of_requests_is_bounded() -> None:
    async def play() -> None:
        viewer, socket, _ = make_viewer()
        viewer.with_picture = False
        for _ in range(10):
            viewer.request_frame()
        for number in range(1, 4):
            viewer.offer_frame(frame(number))
        await viewer.flush()
        assert [number_of(sent) for sent in socket.frames] == [3]
        for number in range(4, 10):
            viewer.offer_frame(frame(number))
            await viewer.flush()
        assert len(socket.frames) == MAX_REQUESTED_FRAMES

    run_async(play())


def test_the_sender_is_woken_by_a_frame_only_if_one_was_requested() -> None:
    async def play() -> asyncio.Event:
        viewer, _, _ = make_viewer()
        viewer.offer_frame(frame(1))
        assert not viewer.has_output.is_set()
        viewer.request_frame()
        return viewer.has_output

    assert run_async(play()).is_set()


async def measure_connection(*, is_reading: bool) -> float:
    """Seconds until a peer that sends all the time, and takes pings or not, is disconnected; at most 1."""
    ended = asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        channel = Channel(request, pong_timeout=0.3)
        async for _ in channel.messages():
            pass
        ended.set()
        return channel.socket

    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    loop = asyncio.get_running_loop()
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://{host}:{port}/", autoping=is_reading) as socket,
    ):
        began = loop.time()
        with contextlib.suppress(ConnectionError):
            while loop.time() - began < 1 and not ended.is_set():
                await socket.send_str("next")
                await socket.pong(b"unsolicited")
                with contextlib.suppress(TimeoutError):
                    await socket.receive(timeout=0.02)
    seconds = loop.time() - began
    await runner.cleanup()
    return seconds


def test_a_viewer_that_answers_no_ping_is_disconnected_whatever_it_sends() -> None:
    assert 0.25 < run_async(measure_connection(is_reading=False)) < 0.9
    assert run_async(measure_connection(is_reading=True)) >= 1
