"""The login page and its cookie. Wrong tokens are tested with the middleware."""

from __future__ import annotations

from collections.abc import Iterator

import aiohttp
import pytest
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto
from tests.support.web_client import TOKEN, open_session, request, with_socket
from tests.support.web_daemon import WebDaemon


@pytest.fixture(scope="module")
def locked(broker: Mosquitto, camera: MjpegCamera) -> Iterator[WebDaemon]:
    """A sensor whose page has a token."""
    daemon = WebDaemon(broker, camera.url, "--model", "nano", token=TOKEN)
    yield daemon
    daemon.close()


def test_without_a_cookie_there_is_the_login_page_and_its_files(locked: WebDaemon) -> None:
    page = request(locked, "/")
    assert (page.status, page.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    assert "<input" in page.body
    assert 'type="password"' in page.body
    assert request(locked, "/page.css").status == request(locked, "/icon.svg").status == 200


@pytest.mark.parametrize("login", ["link", "form"])
def test_the_token_is_exchanged_for_a_cookie_that_scripts_and_other_sites_do_not_get(
    locked: WebDaemon, login: str
) -> None:
    if login == "link":
        response = request(locked, "/", params={"token": TOKEN})
    else:
        response = request(locked, "/login", method="POST", data={"token": TOKEN})
    assert (response.status, response.headers["Location"]) == (303, "./")
    cookie = response.headers["Set-Cookie"]
    attributes = {part.strip().partition("=")[0] for part in cookie.split(";")[1:]}
    assert attributes == {"HttpOnly", "Max-Age", "SameSite"}  # without a path it is for the folder of the page
    assert "SameSite=Lax" in cookie
    assert TOKEN not in cookie
    headers = {"Cookie": cookie.partition(";")[0]}
    assert "main.js" in request(locked, "/", headers=headers).body
    assert request(locked, "/api/state", headers=headers).status == 200


def test_logout_voids_the_cookie_and_disconnects_what_was_opened_with_it(locked: WebDaemon) -> None:
    cookies = [
        request(locked, "/login", method="POST", data={"token": TOKEN}).headers["Set-Cookie"].partition(";")[0]
        for _ in range(2)
    ]
    name = cookies[0].partition("=")[0]
    here, elsewhere = {"Cookie": f"{cookies[0]}; {name}=of.another.sensor"}, {"Cookie": cookies[1]}

    async def log_out(socket: aiohttp.ClientWebSocketResponse) -> None:
        await socket.receive_json()
        async with open_session(locked) as session:
            response = await session.post("/logout", headers=here, allow_redirects=False)
            assert (response.status, response.headers["Location"]) == (303, "./")
            assert "Max-Age=0" in response.headers["Set-Cookie"]
        while (await socket.receive()).type is not aiohttp.WSMsgType.CLOSED:
            pass

    with_socket(locked, "/api/live", log_out, headers=here)
    assert request(locked, "/api/state", headers=here).status == 401
    assert request(locked, "/api/state", headers=elsewhere).status == 200
    assert request(locked, "/logout", method="POST", headers=here).status == 303  # once more leads to the login, too


def test_without_a_token_there_is_no_login(porch: WebDaemon) -> None:
    assert "main.js" in request(porch, "/").body
    response = request(porch, "/login", method="POST", data={"token": "any"})
    assert response.status == 303
    assert "Set-Cookie" not in response.headers
