"""The page behind a proxy that logs its users in itself, as Home Assistant's ingress does: `web.no_token_for`."""

from __future__ import annotations

from collections.abc import Iterator

import aiohttp
import pytest
from playwright.sync_api import expect
from tests.support.browser import OpenPage
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto
from tests.support.nginx import INGRESS, INGRESS_ADDRESS, Nginx
from tests.support.page_view import save_screenshot
from tests.support.web_client import TOKEN, handshake_error, request, with_socket
from tests.support.web_daemon import WebDaemon

FLAGS = ("--model", "nano", "--web-no-token-for", INGRESS_ADDRESS, "--web-trusted-proxies", INGRESS_ADDRESS)


@pytest.fixture(scope="module")
def sensor(broker: Mosquitto, camera: MjpegCamera) -> Iterator[WebDaemon]:
    """A sensor that serves its page to the ingress alone; it does not know the proxy's name."""
    daemon = WebDaemon(broker, camera.url, *FLAGS)
    yield daemon
    daemon.close()


@pytest.fixture(scope="module")
def with_token(broker: Mosquitto, camera: MjpegCamera) -> Iterator[WebDaemon]:
    """The same for those who know the token, too."""
    daemon = WebDaemon(broker, camera.url, *FLAGS, token=TOKEN)
    yield daemon
    daemon.close()


@pytest.fixture(scope="module")
def nginx(sensor: WebDaemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    server = Nginx(tmp_path_factory.mktemp("nginx"), sensor.port)
    yield server
    server.close()


@pytest.mark.parametrize("path", [INGRESS, "/replaced/"])
def test_through_the_proxy_the_page_needs_no_token(nginx: Nginx, open_page: OpenPage, path: str) -> None:
    page = open_page(nginx.below + path, ignore_https_errors=True)
    expect(page.locator(".box").first).to_be_visible()
    expect(page.get_by_role("button", name="Log out")).to_be_hidden()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#overlay-title")).to_have_text("Paused")
    save_screenshot(page, "ingress")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".box").first).to_be_visible()


def test_others_get_nothing_of_the_page(sensor: WebDaemon) -> None:
    for path in ("/", "/page.css", "/api/state", "/metrics", "/snapshot.jpg"):
        response = request(sensor, path, headers={"X-Forwarded-For": INGRESS_ADDRESS}, bearer=TOKEN)
        assert response.status == 403
        assert f"only for {INGRESS_ADDRESS}/32" in str(response.body)
    assert handshake_error(sensor, "/api/live") == 403
    assert request(sensor, "/login", method="POST", data={"token": ""}).status == 403


@pytest.mark.parametrize("host", ["", "a b", "[::1", "faces.example.org:99999", "evil.example@sensor", "evil.example"])
def test_the_forwarded_host_decides_whose_page_may_pause(sensor: WebDaemon, host: str) -> None:
    headers = {"Origin": "https://evil.example", "Host": "faces.example.org", "X-Forwarded-Host": host}
    options = {"headers": headers, "local": INGRESS_ADDRESS}
    done = request(sensor, "/api/pause", method="POST", json={"paused": False}, **options)
    assert done.status == (200 if host == "evil.example" else 403)  # only where the proxy serves the page there
    assert request(sensor, "/api/state", **options).status == 200


def test_with_a_token_too_others_can_log_in(with_token: WebDaemon) -> None:
    assert request(with_token, "/api/state").status == 401
    assert request(with_token, "/api/state", bearer=TOKEN).status == 200
    assert request(with_token, "/api/state", local=INGRESS_ADDRESS).status == 200
    assert request(with_token, "/api/state", headers={"Host": "evil.example"}, bearer=TOKEN).status == 403

    async def receive_login(socket: aiohttp.ClientWebSocketResponse) -> bool:
        return bool((await socket.receive_json())["login"])

    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert with_socket(with_token, "/api/live", receive_login, headers=headers) is True
