"""Which requests are let in: token, host and origin; and the headers of every response."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto
from tests.support.web_client import TOKEN, handshake_error, request
from tests.support.web_daemon import WebDaemon, run_async

from fer_edge.web.auth import MAX_ATTEMPTS, MAX_COMPARISONS
from fer_edge.web.middleware import HEADERS


@pytest.fixture(scope="module")
def locked(broker: Mosquitto, camera: MjpegCamera) -> Iterator[WebDaemon]:
    """A sensor whose page has a token."""
    daemon = WebDaemon(broker, camera.url, "--model", "nano", token=TOKEN)
    yield daemon
    daemon.close()


@pytest.mark.parametrize("path", ["/api/state", "/api/health", "/api/events", "/metrics", "/main.js", "/nothing"])
def test_without_the_token_requests_are_refused(locked: WebDaemon, path: str) -> None:
    response = request(locked, path)
    assert response.status == 401
    assert response.body == {"error": "log in, or send the token: Authorization: Bearer TOKEN"}


def test_without_the_token_no_websocket_opens_and_nothing_can_be_paused(locked: WebDaemon) -> None:
    assert handshake_error(locked, "/api/live") == 401
    assert handshake_error(locked, "/api/camera") == 401
    assert request(locked, "/api/pause", method="POST", json={"paused": True}).status == 401
    assert request(locked, "/api/state", bearer=TOKEN).body["paused"] is False


def test_wrong_tokens_are_reported_on_the_page_and_limited(locked: WebDaemon) -> None:
    elsewhere = "127.0.0.66"
    response = request(locked, "/login", method="POST", data={"token": "<b>wrong"}, local=elsewhere)
    assert response.status == 401
    assert "not the token" in response.body
    assert "<b>wrong" not in response.body
    for number in range(MAX_ATTEMPTS - 1):
        assert request(locked, "/api/state", bearer=f"wrong {number}", local=elsewhere).status == 401
    for response in (
        request(locked, "/api/state", bearer="another", local=elsewhere),
        request(locked, "/login", method="POST", data={"token": "another"}, local=elsewhere),
    ):
        assert response.status == 429
        assert 0 < int(response.headers["Retry-After"]) <= 61
        assert "too many wrong tokens" in str(response.body).lower()
    assert request(locked, "/api/state", bearer=TOKEN).status == 200
    assert request(locked, "/api/state", bearer=TOKEN, local=elsewhere).status == 200


def test_pages_of_other_sites_cannot_block_their_visitors_address(locked: WebDaemon) -> None:
    for local, headers in {
        "127.0.0.71": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        "127.0.0.72": {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        "127.0.0.73": {"Origin": "https://evil.example"},
        "127.0.0.74": {},  # over plain http browsers may send neither
    }.items():
        for number in range(MAX_COMPARISONS + 1):
            params = {"token": f"wrong {number}"}
            response = request(locked, "/", params=params, headers=headers, local=local)
            assert response.status == (429 if not headers and number >= MAX_ATTEMPTS else 401)
        assert request(locked, "/login", method="POST", data={"token": TOKEN}, local=local).status == 303
        link = request(locked, "/", params={"token": TOKEN}, local=local)
        assert link.status == (303 if headers else 429)
        # Neither are such requests a way to guess.
        assert not headers or request(locked, "/", params={"token": TOKEN}, headers=headers, local=local).status == 401


def test_a_link_on_another_site_may_hold_the_token(locked: WebDaemon) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert request(locked, "/", params={"token": TOKEN}, headers=headers).status == 303


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:1", "", "[", "a b"])
def test_a_host_of_another_name_is_refused(porch: WebDaemon, host: str) -> None:
    assert request(porch, "/api/state", headers={"Host": host}).status in {400, 403}
    assert handshake_error(porch, "/api/live", headers={"Host": host}) in {400, 403}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "192.168.1.9:8080", "[::1]:8080", "[fe80::1]"])
def test_addresses_and_names_of_this_machine_are_accepted(porch: WebDaemon, host: str) -> None:
    assert request(porch, "/api/state", headers={"Host": host}).status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"])
def test_a_page_from_elsewhere_can_neither_view_nor_pause(porch: WebDaemon, origin: str) -> None:
    assert handshake_error(porch, "/api/live", headers={"Origin": origin}) == 403
    headers = {"Origin": origin}
    response = request(porch, "/api/pause", method="POST", json={"paused": True}, headers=headers)
    assert response.status == 403
    assert f"a page of {origin} sent this to 127.0.0.1:{porch.port}" in response.body["error"]
    # An old browser sends a form without an Origin.
    assert request(porch, "/api/pause", method="POST", data='{"paused": true}').status == 415
    assert request(porch, "/api/state").body["paused"] is False


def test_the_live_page_may_pause(porch: WebDaemon) -> None:
    headers = {"Origin": porch.url.rstrip("/")}
    assert request(porch, "/api/pause", method="POST", json={"paused": False}, headers=headers).status == 200


@pytest.mark.parametrize(
    "path", ["/", "/api/state", "/nothing", "/../../etc/passwd", "/%2e%2e/page.py", "/page/main.js"]
)
def test_every_response_has_the_headers_and_only_files_of_the_page_are_served(porch: WebDaemon, path: str) -> None:
    response = request(porch, path)
    assert response.status == (200 if path in {"/", "/api/state"} else 404)
    assert {name: response.headers.get(name) for name in HEADERS} == HEADERS
    assert "Server" not in response.headers


@pytest.mark.parametrize("data", [b"\x16\x03\x01" * 100, b"GET / HTTP/9.9\r\n\r\n", b"A" * 100_000, b"\r\n" * 1000])
def test_what_is_not_http_is_refused(porch: WebDaemon, data: bytes) -> None:
    async def send() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", porch.port)
        writer.write(data)
        writer.write_eof()
        response = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        return response

    assert run_async(send())[9:12] in {b"400", b""}
    assert request(porch, "/api/state").status == 200


def test_a_malformed_part_of_a_form_is_not_logged(
    broker: Mosquitto, camera: MjpegCamera, capfd: pytest.CaptureFixture[str]
) -> None:
    part = "--b\r\nContent-Disposition: form-data; name*=zz''%ffN\r\n\r\nx\r\n--b--\r\n"
    daemon = WebDaemon(broker, camera.url, "--model", "nano", token=TOKEN)
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    status = request(daemon, "/login", method="POST", data=part, headers=form).status
    daemon.close()
    log = capfd.readouterr().err
    assert status == 400
    assert "page at" in log
    assert "zz" not in log
    assert "Warning" not in log
