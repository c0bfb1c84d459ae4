"""The page behind a real nginx: on ports with the usual lines, below a path, in Home Assistant's frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import pytest
from playwright.sync_api import FrameLocator, Page, expect
from tests.support.browser import OpenPage
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto
from tests.support.nginx import INGRESS, INGRESS_ADDRESS, LINES, NAME, Nginx
from tests.support.page_view import expect_faces, save_screenshot
from tests.support.web_client import TOKEN, Response, handshake_error, request, with_socket
from tests.support.web_daemon import WebDaemon

from fer_edge.web.auth import MAX_COMPARISONS

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
UPGRADING = [lines for lines in LINES if lines != "without Upgrade"]


class Site(NamedTuple):
    """A page for the functions of web_client.

    Attributes:
        url: Where they connect.
        host: Host and port in the address bar of a browser; empty for those of the URL.
    """

    url: str
    host: str = ""

    @classmethod
    def at(cls, url: str) -> Site:
        """The site of a URL with the name of the proxy, which only Chromium resolves."""
        return cls(url.replace(NAME, "127.0.0.1"), urlsplit(url).netloc)

    def headers(self, origin: str = "") -> dict[str, str]:
        """What a browser sends, by default from a page of this site."""
        return {"Origin": origin or f"https://{self.host}", **({"Host": self.host} if self.host else {})}


@pytest.fixture(scope="module")
def sensor(broker: Mosquitto, camera: MjpegCamera) -> Iterator[WebDaemon]:
    """A sensor for which its owner has named the proxy."""
    flags = ("--model", "nano", "--web-names", NAME, "--web-trusted-proxies", f"127.0.0.1,{INGRESS_ADDRESS}")
    daemon = WebDaemon(broker, camera.url, *flags, token=TOKEN)
    yield daemon
    daemon.close()


@pytest.fixture(scope="module")
def nginx(sensor: WebDaemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    server = Nginx(tmp_path_factory.mktemp("nginx"), sensor.port)
    yield server
    server.close()


def log_in(site: Site, *, origin: str = "", **options: Any) -> Response:
    headers = {**BROWSER, **site.headers(origin)}
    return request(site, "/login", method="POST", data={"token": TOKEN}, headers=headers, ssl=False, **options)


@pytest.mark.parametrize("lines", UPGRADING)
def test_whatever_the_proxy_makes_of_the_host_one_can_log_in_view_and_pause(nginx: Nginx, lines: str) -> None:
    site = Site.at(nginx.urls[lines])
    response = log_in(site)
    assert (response.status, response.headers["Location"]) == (303, "./")
    cookie = response.headers["Set-Cookie"]
    assert "Path=" not in cookie
    assert "Secure" in cookie  # the proxy is trusted with the scheme
    headers = {"Cookie": cookie.partition(";")[0], **site.headers()}

    async def receive_hello(socket: aiohttp.ClientWebSocketResponse) -> Any:
        return await socket.receive_json()

    assert with_socket(site, "/api/live", receive_hello, headers=headers, ssl=False)["type"] == "hello"
    for paused in (True, False):
        done = request(site, "/api/pause", method="POST", json={"paused": paused}, headers=headers, ssl=False)
        assert (done.status, done.body) == (200, {"paused": paused})


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        f"https://{NAME}.evil.example",
        f"https://evil.example\\@{NAME}",
        "null",
        NAME,
    ],
)
def test_a_page_of_another_name_is_refused_behind_a_proxy_too(nginx: Nginx, origin: str) -> None:
    for lines in UPGRADING:
        site = Site.at(nginx.urls[lines])
        assert log_in(site, origin=origin).status == 403
        assert handshake_error(site, "/api/live", headers=site.headers(origin), ssl=False) == 403


@pytest.mark.parametrize("origin", [f"https://{NAME.title()}:8444", f"http://{NAME}.", f"https://{NAME}"])
def test_a_name_is_recognised_with_capitals_a_closing_dot_and_any_port(sensor: WebDaemon, origin: str) -> None:
    assert log_in(Site(sensor.url), origin=origin).status == 303


@pytest.mark.parametrize("host", ["[fd00::1]:443", "[fd00::1]", "203.0.113.5:9000"])
def test_a_forwarded_port_needs_no_name(sensor: WebDaemon, host: str) -> None:
    headers = {"Host": host, "Origin": f"https://{host.removesuffix(':443')}"}
    assert request(sensor, "/login", method="POST", data={"token": TOKEN}, headers=headers).status == 303


def test_a_name_that_is_not_configured_is_refused_with_the_line_that_helps(sensor: WebDaemon) -> None:
    origin = {"Origin": "https://porch.example.org:8443"}
    page = request(sensor, "/login", method="POST", data={"token": TOKEN}, headers={**BROWSER, **origin})
    assert (page.status, page.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    answer = request(sensor, "/api/pause", method="POST", json={"paused": True}, headers=origin, bearer=TOKEN)
    assert answer.status == 403
    for text in (page.body, answer.body["error"]):
        assert "--web-names porch.example.org" in text
        assert "proxy_set_header Host $http_host;" in text
    page = request(sensor, "/", headers={**BROWSER, "Host": "<b>.example.org"})
    assert (page.status, page.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert "--web-names &lt;b&gt;.example.org" in page.body


def test_who_guesses_through_a_proxy_blocks_only_their_own_address(nginx: Nginx) -> None:
    site = Site.at(nginx.urls["with name and port"])

    def status(token: str, local: str, **headers: str) -> int:
        options = {"headers": {**site.headers(), **headers}, "ssl": False}
        return request(site, "/api/state", bearer=token, local=local, **options).status

    for number in range(MAX_COMPARISONS + 5):  # the address they invent changes nothing
        invented = {"X-Forwarded-For": f"192.0.2.{number}"}
        assert status(f"wrong {number}", "127.0.0.66", **invented) in {401, 429}
    assert status(TOKEN, "127.0.0.66") == 429
    assert status(TOKEN, "127.0.0.67") == 200
    assert log_in(site, local="127.0.0.67").status == 303


def use(page: Page | FrameLocator) -> None:
    """Log in, wait for faces, pause, resume and log out."""
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".box").first).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#overlay-title")).to_have_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".box").first).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Token")).to_be_visible()


# nginx serves nothing outside these paths, so a request that leaves its path is an error that open_page reports.
EXPECTED = ("401 (Unauthorized)", "ERR_ABORTED")


def test_below_a_path_the_page_works_from_login_to_logout(nginx: Nginx, open_page: OpenPage) -> None:
    page = open_page(f"{nginx.below}/fer/", expected_errors=EXPECTED, ignore_https_errors=True)
    save_screenshot(page, "proxy-login")
    use(page)
    assert page.url == f"{nginx.below}/fer/"
    page.goto(f"{nginx.below}/fer/?token={TOKEN}")
    expect_faces(page)
    assert page.url == f"{nginx.below}/fer/"
    assert [cookie["path"] for cookie in page.context.cookies()] == ["/fer"]


def test_the_page_works_in_the_frame_of_home_assistants_ingress(nginx: Nginx, open_page: OpenPage) -> None:
    page = open_page(nginx.below, expected_errors=EXPECTED, ignore_https_errors=True)
    use(page.frame_locator("iframe"))
    assert page.frames[1].url == nginx.below + INGRESS


def test_a_proxy_that_passes_no_websocket_on_is_reported_on_the_page(nginx: Nginx, open_page: OpenPage) -> None:
    url = f"{nginx.urls['without Upgrade']}?token={TOKEN}"
    page = open_page(url, expected_errors=("WebSocket connection to",), ignore_https_errors=True)
    expect(page.locator("#overlay-detail")).to_contain_text("A proxy must pass on the headers Host, Upgrade")
