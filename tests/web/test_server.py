"""What the page's server lets in, and what it answers: programs and strangers, against a running daemon."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import cv2
import numpy as np
import pytest
from aiohttp import WSMsgType
from prometheus_client.parser import text_string_to_metric_families
from tests.edge.mjpeg import MjpegCamera
from tests.edge.test_tls import Authority
from tests.support import MEDIA, Mosquitto, free_port, run, wait_until
from tests.web.daemon import Daemon, in_a_loop

from fer_edge.web.gate import GUESSES
from fer_edge.web.guard import HEADERS
from fer_edge.web.hub import MOST_VIEWERS
from fer_edge.web.page import CONNECTIONS

TOKEN = "correct horse battery"  # noqa: S105  of a test
FACE = MEDIA / "faces" / "bryan.png"


@pytest.fixture(scope="module")
def locked(broker: Mosquitto, camera: MjpegCamera) -> Iterator[Daemon]:
    """A sensor whose page has a token."""
    made = Daemon(broker, camera.url, "--model", "nano", token=TOKEN)
    yield made
    made.close()


@pytest.fixture
def desk(broker: Mosquitto) -> Iterator[Daemon]:
    """A sensor whose camera is that of a browser."""
    made = Daemon(broker, "browser", "--model", "nano")
    yield made
    made.close()


@asynccontextmanager
async def visitor(at: Daemon, *, bearer: str = "", local: str = "127.0.0.1") -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody who asks, and keeps no cookies; `local` is where they live."""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    connector = aiohttp.TCPConnector(local_addr=(local, 0))
    async with aiohttp.ClientSession(
        at.url.rstrip("/"), connector=connector, headers=headers, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        yield session


def ask(
    at: Daemon, path: str, *, method: str = "GET", local: str = "127.0.0.1", **options: Any
) -> tuple[int, Any, Any]:
    """Status, headers, and the body: what the JSON says, else the text."""

    async def once() -> tuple[int, Any, Any]:
        bearer = options.pop("bearer", "")
        async with (
            visitor(at, bearer=bearer, local=local) as session,
            session.request(method, path, allow_redirects=False, **options) as response,
        ):
            text = await response.text()
            is_json = response.content_type == "application/json"
            return response.status, response.headers, json.loads(text) if is_json else text

    return in_a_loop(once())


def speak(
    at: Daemon, path: str, talk: Callable[[aiohttp.ClientWebSocketResponse], Awaitable[Any]], **options: Any
) -> Any:
    """Talk through a WebSocket."""

    async def once() -> Any:
        async with visitor(at) as session, session.ws_connect(path, max_msg_size=0, **options) as socket:
            return await asyncio.wait_for(talk(socket), 30)

    return in_a_loop(once())


def refused(at: Daemon, path: str, **options: Any) -> int:
    """The status with which a WebSocket is refused."""

    async def nothing(_: aiohttp.ClientWebSocketResponse) -> None:
        pass

    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        speak(at, path, nothing, **options)
    return refusal.value.status


# --- the token


@pytest.mark.parametrize("path", ["/api/state", "/api/health", "/api/events", "/metrics", "/main.js", "/nothing"])
def test_without_the_token_nothing_is_told(locked: Daemon, path: str) -> None:
    status, _, told = ask(locked, path)
    assert (status, told) == (401, {"error": "log in, or send the token: Authorization: Bearer TOKEN"})


def test_without_the_token_no_socket_opens_and_nothing_is_paused(locked: Daemon) -> None:
    assert refused(locked, "/api/live") == 401
    assert refused(locked, "/api/camera") == 401
    assert ask(locked, "/api/pause", method="POST", json={"paused": True})[0] == 401
    assert ask(locked, "/api/state", bearer=TOKEN)[2]["paused"] is False


def test_a_stranger_gets_the_login_page_and_what_it_needs(locked: Daemon) -> None:
    status, headers, page = ask(locked, "/")
    assert (status, headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    assert "<input" in page
    assert 'type="password"' in page
    assert ask(locked, "/page.css")[0] == ask(locked, "/icon.svg")[0] == 200


def test_the_token_is_exchanged_for_a_cookie_that_scripts_and_other_sites_do_not_get(locked: Daemon) -> None:
    for status, headers, _ in (
        ask(locked, "/", params={"token": TOKEN}),
        ask(locked, "/login", method="POST", data={"token": TOKEN}),
    ):
        assert (status, headers["Location"]) == (303, "/")
        cookie = headers["Set-Cookie"]
        assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
        assert TOKEN not in cookie
        own = {"Cookie": cookie.partition(";")[0]}
        assert "main.js" in ask(locked, "/", headers=own)[2]
        assert ask(locked, "/api/state", headers=own)[0] == 200
    _, headers, _ = ask(locked, "/logout", method="POST", headers=own)
    assert "Max-Age=0" in headers["Set-Cookie"]


def test_a_wrong_token_is_said_on_the_page_and_too_many_are_stopped(locked: Daemon) -> None:
    elsewhere = "127.0.0.66"
    status, _, page = ask(locked, "/login", method="POST", data={"token": "<b>wrong"}, local=elsewhere)
    assert status == 401
    assert "not the token" in page
    assert "<b>wrong" not in page
    for _ in range(GUESSES - 1):
        assert ask(locked, "/api/state", bearer="wrong", local=elsewhere)[0] == 401
    for answer in (
        ask(locked, "/api/state", bearer=TOKEN, local=elsewhere),
        ask(locked, "/", params={"token": TOKEN}, local=elsewhere),
        ask(locked, "/login", method="POST", data={"token": TOKEN}, local=elsewhere),
    ):
        assert answer[0] == 429
        assert 0 < int(answer[1]["Retry-After"]) <= 61
        assert "too many wrong tokens" in str(answer[2]).lower()
    assert ask(locked, "/api/state", bearer=TOKEN)[0] == 200


# --- from where


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:1", "", "[", "a b"])
def test_a_host_of_another_name_is_refused(porch: Daemon, host: str) -> None:
    assert ask(porch, "/api/state", headers={"Host": host})[0] in {400, 403}
    assert refused(porch, "/api/live", headers={"Host": host}) in {400, 403}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "192.168.1.9:8080", "[::1]:8080", "[fe80::1]"])
def test_addresses_and_names_of_this_machine_are_known(porch: Daemon, host: str) -> None:
    assert ask(porch, "/api/state", headers={"Host": host})[0] == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"])
def test_a_page_of_elsewhere_can_neither_look_in_nor_pause(porch: Daemon, origin: str) -> None:
    assert refused(porch, "/api/live", headers={"Origin": origin}) == 403
    status, _, told = ask(porch, "/api/pause", method="POST", json={"paused": True}, headers={"Origin": origin})
    assert (status, told) == (403, {"error": f"not from a page of {origin}"})
    # What a form can send without an Origin, in an old browser.
    assert ask(porch, "/api/pause", method="POST", data='{"paused": true}')[0] == 415
    assert ask(porch, "/api/state")[2]["paused"] is False


def test_our_own_page_may(porch: Daemon) -> None:
    own = {"Origin": porch.url.rstrip("/")}
    assert ask(porch, "/api/pause", method="POST", json={"paused": False}, headers=own)[0] == 200


@pytest.mark.parametrize(
    "path", ["/", "/api/state", "/nothing", "/../../etc/passwd", "/%2e%2e/page.py", "/page/main.js"]
)
def test_every_answer_has_the_headers_and_no_file_but_the_pages_is_given(porch: Daemon, path: str) -> None:
    status, headers, _ = ask(porch, path)
    assert status == (200 if path in {"/", "/api/state"} else 404)
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    assert "Server" not in headers


# --- for programs


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
        wait_until(lambda: here.said("state")[-1]["paused"])
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


# --- who looks on


async def frame_of(socket: aiohttp.ClientWebSocketResponse) -> tuple[dict[str, Any], bytes]:
    """Ask for a frame, and wait for it."""
    await socket.send_str("next")
    while (message := await socket.receive()).type is not WSMsgType.BINARY:
        assert message.type is WSMsgType.TEXT, message
    size = int.from_bytes(message.data[:4])
    return json.loads(message.data[4 : 4 + size]), message.data[4 + size :]


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


def test_connections_that_say_nothing_are_bounded(porch: Daemon) -> None:
    async def crowd() -> int:
        streams = [await asyncio.open_connection("127.0.0.1", porch.port) for _ in range(CONNECTIONS + 50)]
        await asyncio.sleep(0.5)
        closed = sum(reader.at_eof() for reader, _ in streams)
        for _, writer in streams:
            writer.close()
        return closed

    assert in_a_loop(crowd()) >= 30
    wait_until(lambda: ask(porch, "/api/state")[0] == 200)


@pytest.mark.parametrize("rubbish", [b"\x16\x03\x01" * 100, b"GET / HTTP/9.9\r\n\r\n", b"A" * 100_000, b"\r\n" * 1000])
def test_what_is_no_http_is_shut_out(porch: Daemon, rubbish: bytes) -> None:
    async def send() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", porch.port)
        writer.write(rubbish)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        return answer

    assert in_a_loop(send())[9:12] in {b"400", b""}
    assert ask(porch, "/api/state")[0] == 200


# --- a browser as camera


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

    assert ask(desk, "/api/state")[2]["camera"] == "no browser gives pictures yet"
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
    wait_until(lambda: desk.said("state")[-1]["paused"])
    speak(desk, "/api/camera", talk)


def test_a_camera_of_its_own_takes_no_pictures_of_browsers(porch: Daemon) -> None:
    assert refused(porch, "/api/camera") == 404


# --- beginning and end


def test_viewers_do_not_hold_up_the_end(broker: Mosquitto, camera: MjpegCamera) -> None:
    here = Daemon(broker, camera.url, "--model", "nano")

    async def talk(socket: aiohttp.ClientWebSocketResponse) -> int | None:
        await frame_of(socket)
        here.signal(15)
        async for _ in socket:
            pass
        return socket.close_code

    assert speak(here, "/api/live", talk) == 1001
    here.close()
    wait_until(lambda: here.heard_in.read_text().splitlines()[-1].endswith("/status offline"))


def test_a_viewer_that_takes_nothing_does_not_hold_up_the_end(broker: Mosquitto, camera: MjpegCamera) -> None:
    here = Daemon(broker, camera.url, "--model", "nano")
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13"
    upgrade = f"GET /api/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{key}\r\n\r\n"
    ask_for_two = bytes.fromhex("8184000000006e657874") * 2  # masked by nothing
    with socket.create_connection(("127.0.0.1", here.port)) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        line.sendall(upgrade.encode() + ask_for_two * 50)
        wait_until(lambda: ask(here, "/metrics")[2].count("fer_viewers 1.0"))
        time.sleep(2)  # what it does not take fills up
        here.close()
    wait_until(lambda: here.heard_in.read_text().splitlines()[-1].endswith("/status offline"))


def test_a_port_that_is_taken_is_one_line_and_exit_1(porch: Daemon) -> None:
    done = run("fer_edge", "--camera", FACE, "--mqtt", "none", "--web", porch.port)
    assert done.code == 1
    assert done.err.splitlines()[-1] == f"fer-edge: --web 127.0.0.1:{porch.port}: address already in use"


@pytest.mark.parametrize(
    ("host", "code", "complaint"),
    [
        ("203.0.113.9", 1, "cannot assign requested address"),
        ("no.such.host.invalid", 2, "expected an address of this machine"),
    ],
)
def test_a_host_that_is_not_ours_is_said(host: str, code: int, complaint: str) -> None:
    here = {"FER_EDGE_WEB_TOKEN": TOKEN}
    done = run("fer_edge", "--camera", FACE, "--mqtt", "none", "--web", f"{host}:{free_port()}", env=here)
    assert done.code == code
    assert complaint in done.err.splitlines()[-1]


def test_without_the_extra_the_page_names_it_and_all_else_works(tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("raise ModuleNotFoundError('none here', name='aiohttp')")
    missing = {"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}"}
    done = run("fer_edge", "--camera", FACE, "--mqtt", "none", "--web", "0", env=missing)
    assert done.code == 2
    assert done.err.splitlines()[-1] == (
        "fer-edge: --web needs aiohttp, which is not installed: pip install 'fer-edge[web]'"
    )
    assert run("fer_edge", "--camera", FACE, "--mqtt", "none", env=missing).code == 0


def test_with_a_certificate_it_speaks_https_alone_and_its_cookie_does(
    broker: Mosquitto, camera: MjpegCamera, tmp_path: Path
) -> None:
    certificate, key = Authority(tmp_path / "ours").certify("page", "IP:127.0.0.1")
    here = Daemon(broker, camera.url, "--web-cert", certificate, "--web-key", key, token=TOKEN)
    try:
        trusting = ssl.create_default_context(cafile=tmp_path / "ours" / "ca.pem")
        line = http.client.HTTPSConnection("127.0.0.1", here.port, timeout=10, context=trusting)
        line.request("GET", f"/?token={quote(TOKEN)}")
        answer = line.getresponse()
        assert answer.status == 303
        assert "Secure" in (answer.getheader("Set-Cookie") or "")
        line = http.client.HTTPConnection("127.0.0.1", here.port, timeout=10)
        line.request("GET", "/")
        with pytest.raises((ConnectionError, http.client.BadStatusLine)):
            line.getresponse()
    finally:
        here.close()
