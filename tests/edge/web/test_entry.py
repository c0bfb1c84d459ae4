"""Who is let in: with which token, from which page, at which host; and what is shut out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.support import Mosquitto, wait_until
from tests.support.mjpeg import MjpegCamera
from tests.support.web_client import TOKEN, ask, refused
from tests.support.web_daemon import Daemon, in_a_loop

from fer_edge.web.auth import GUESSES
from fer_edge.web.middleware import HEADERS
from fer_edge.web.server import CONNECTIONS


@pytest.fixture(scope="module")
def locked(broker: Mosquitto, camera: MjpegCamera) -> Iterator[Daemon]:
    """A sensor whose page has a token."""
    made = Daemon(broker, camera.url, "--model", "nano", token=TOKEN)
    yield made
    made.close()


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
