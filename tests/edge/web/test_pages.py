"""The login page and its cookie. Wrong tokens are tested with the middleware."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto
from tests.support.web_client import TOKEN, request
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
    assert (response.status, response.headers["Location"]) == (303, "/")
    cookie = response.headers["Set-Cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
    assert TOKEN not in cookie
    headers = {"Cookie": cookie.partition(";")[0]}
    assert "main.js" in request(locked, "/", headers=headers).body
    assert request(locked, "/api/state", headers=headers).status == 200


def test_logout_deletes_the_cookie(locked: WebDaemon) -> None:
    assert "Max-Age=0" in request(locked, "/logout", method="POST", bearer=TOKEN).headers["Set-Cookie"]


def test_without_a_token_there_is_no_login(porch: WebDaemon) -> None:
    assert "main.js" in request(porch, "/").body
    response = request(porch, "/login", method="POST", data={"token": "any"})
    assert response.status == 303
    assert "Set-Cookie" not in response.headers
