"""The stream of pictures and the single picture, read by FFmpeg, Chromium, curl and as a camera of another sensor.

This covers `picture_streams`, too.
"""

from __future__ import annotations

import asyncio
import base64
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.browser import OpenPage
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto
from tests.support.page_view import save_screenshot
from tests.support.waiting import wait_until
from tests.support.web_client import TOKEN, open_session, request
from tests.support.web_daemon import WebDaemon, run_async

from fer_edge.cameras.base import CameraError
from fer_edge.cameras.network import network_camera
from fer_edge.config.camera import CameraOptions
from fer_edge.detection.base import Detectors
from fer_edge.detection.still_detector import StillDetector
from fer_edge.web.auth import MAX_COMPARISONS
from fer_edge.web.hub import MAX_VIEWERS


def basic(password: str, user: str = "anyone", encoding: str = "utf-8") -> dict[str, str]:
    """The header of a login with a password."""
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode(encoding)).decode()}"}


LOGIN = basic(TOKEN)
PASSWORD = TOKEN.replace(" ", "%20")


@pytest.fixture(scope="module")
def locked(broker: Mosquitto, camera: MjpegCamera) -> Iterator[WebDaemon]:
    """A sensor whose page has a token."""
    daemon = WebDaemon(broker, camera.url, "--model", "nano", token=TOKEN)
    yield daemon
    daemon.close()


def url_of(daemon: WebDaemon, path: str) -> str:
    return f"http://anyone:{PASSWORD}@127.0.0.1:{daemon.port}{path}"


def get(daemon: WebDaemon, path: str) -> tuple[int, str, NDArray[np.uint8] | None]:
    """The status, the content type, and the picture if it is one."""

    async def fetch() -> tuple[int, str, bytes]:
        async with open_session(daemon) as session, session.get(path, headers=LOGIN) as response:
            return response.status, response.content_type, await response.read()

    status, kind, body = run_async(fetch())
    picture = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_UNCHANGED) if kind == "image/jpeg" else None
    return status, kind, picture


def colourfulness(picture: NDArray[np.uint8]) -> float:
    """The mean difference between the channels of a picture."""
    return float(np.ptp(picture.astype(int), axis=2).mean())


def test_ffmpeg_reads_the_stream_in_colour_with_the_token_as_password(locked: WebDaemon, tmp_path: Path) -> None:
    for path in ("/stream.mjpg", "/stream.mjpg?boxes=1"):
        name = str(tmp_path / f"{len(path)}_%d.png")
        command = ["ffmpeg", "-v", "error", "-i", url_of(locked, path), "-frames:v", "6", "-fps_mode", "passthrough"]
        subprocess.run([*command, name], check=True, timeout=60)
    pictures = [cv2.imread(str(tmp_path / f"{number}.png")) for number in ("12_1", "12_6", "20_6")]
    assert [picture.shape for picture in pictures] == [(270, 480, 3)] * 3
    first, last, annotated = pictures
    assert colourfulness(first) > 5  # from the first picture on
    assert np.abs(first.astype(int) - last).mean() > 0.5
    green = (annotated[..., 1].astype(int) - annotated[..., 2] > 80).sum()
    assert green > 200 > (last[..., 1].astype(int) - last[..., 2] > 80).sum()


def test_another_sensor_reads_the_stream(locked: WebDaemon) -> None:
    camera = network_camera(url_of(locked, "/stream.mjpg?blur=0"), CameraOptions())
    camera.open()
    images = [image for _ in range(20) if (image := camera.read())]
    camera.close()
    assert images[0].grey.shape == (270, 480)
    wrong = network_camera(url_of(locked, "/stream.mjpg").replace(PASSWORD, "wrong%20token"), CameraOptions())
    with pytest.raises(CameraError, match="password"):
        wrong.open()


def test_a_browser_shows_the_stream_in_an_image(locked: WebDaemon, open_page: OpenPage) -> None:
    # The page is left at once, perhaps before the browser has its icon.
    page = open_page(f"{locked.url}?token={PASSWORD}", expected_errors=("icon.svg net::ERR_ABORTED",))
    html = '<img id="stream" src="stream.mjpg?boxes=1">'
    page.route(f"{locked.url}embedded", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(f"{locked.url}embedded", wait_until="commit")  # an image that is a stream is never loaded completely
    image = page.locator("#stream")
    wait_until(lambda: image.evaluate("image => image.naturalWidth") == 480)
    pictures = []
    for _ in range(2):
        pictures.append(np.frombuffer(image.screenshot(), np.uint8))
        time.sleep(0.5)
    first, second = (cv2.imdecode(picture, cv2.IMREAD_COLOR).astype(int) for picture in pictures)
    assert colourfulness(first) > 5
    assert np.abs(first - second).mean() > 0.5
    save_screenshot(page, "stream")


def test_a_single_picture_is_in_colour_and_its_faces_are_hidden_on_request(locked: WebDaemon) -> None:
    status, _, picture = get(locked, "/snapshot.jpg")
    assert status == 200
    assert picture is not None
    assert colourfulness(picture) > 5
    began = time.monotonic()
    status, _, hidden = get(locked, "/snapshot.jpg?blur=1")
    assert status == 200
    assert hidden is not None
    assert time.monotonic() - began < 8
    detector = StillDetector(0.1, Detectors())
    assert detector.detect(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
    assert not detector.detect(cv2.cvtColor(hidden, cv2.COLOR_BGR2GRAY))
    assert np.abs(hidden[200:].astype(int) - picture[200:]).mean() < 25


@pytest.mark.parametrize("path", ["/stream.mjpg", "/snapshot.jpg"])
@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("blur=true", "blur=true: expected 0 or 1"),
        ("blur", "blur=: expected 0 or 1"),
        ("Blur=1", "Blur: no such option; expected boxes or blur"),
        ("boxes=1&blure=1", "blure: no such option; expected boxes or blur"),
        ("token=x", "token: no such option; expected boxes or blur"),
    ],
)
def test_an_option_that_is_not_understood_is_refused(porch: WebDaemon, path: str, query: str, error: str) -> None:
    response = request(porch, f"{path}?{query}")
    assert (response.status, response.body) == (400, {"error": error})


def test_only_pictures_take_the_token_as_a_password(locked: WebDaemon) -> None:
    for path in ("/stream.mjpg", "/snapshot.jpg"):
        refused = request(locked, path)
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="fer-edge", charset="UTF-8"')
    for path in ("/api/state", "/main.js"):
        refused = request(locked, path, headers=LOGIN)
        assert (refused.status, refused.headers.get("WWW-Authenticate")) == (401, None)
    for header in ("Basic", "Basic !", "Basic YQ==", f"Basic {TOKEN}", "Digest username=a"):
        assert request(locked, "/snapshot.jpg", headers={"Authorization": header}).status == 401
    assert request(locked, "/snapshot.jpg?boxes=2", bearer=TOKEN).status == 400
    assert request(locked, "/snapshot.jpg?boxes=2", headers=basic(TOKEN, user="")).status == 400


def test_wrong_passwords_are_limited_and_keep_nobody_from_the_login(locked: WebDaemon) -> None:
    local = "127.0.0.91"
    statuses = [
        request(locked, "/snapshot.jpg", headers=basic(f"wrong {number}"), local=local).status
        for number in range(MAX_COMPARISONS + 1)
    ]
    assert statuses[:4] == [401] * 4
    assert statuses[-1] == 429
    assert request(locked, "/snapshot.jpg", headers=LOGIN, local=local).status == 429
    assert request(locked, "/login", method="POST", data={"token": TOKEN}, local=local).status == 303


async def open_streams(session: aiohttp.ClientSession, count: int) -> list[aiohttp.ClientResponse]:
    return [await session.get("/stream.mjpg") for _ in range(count)]


def test_the_number_of_viewers_is_bounded_and_a_place_is_free_again_after_a_disconnection(porch: WebDaemon) -> None:
    async def fill() -> tuple[list[int], dict[str, str]]:
        async with open_session(porch) as session:
            streams = await open_streams(session, MAX_VIEWERS + 1)
            refusal = await streams[-1].json()
            for stream in streams:
                stream.close()
            statuses = [stream.status for stream in streams]
            async with asyncio.timeout(20):
                while (await session.get("/snapshot.jpg")).status != 200:
                    await asyncio.sleep(0.1)
            return statuses, refusal

    statuses, refusal = run_async(fill())
    assert statuses == [200] * MAX_VIEWERS + [503]
    assert refusal == {"error": f"{MAX_VIEWERS} viewers are connected already; try again later"}


def test_a_reader_that_takes_nothing_delays_nobody(porch: WebDaemon) -> None:
    async def count_pictures() -> int:
        async with open_session(porch) as session:
            stuck, fast = await open_streams(session, 2)
            count = 0
            with suppress(TimeoutError):
                async with asyncio.timeout(3):
                    while await fast.content.readuntil(b"--frame\r\n"):
                        count += 1
            fast.close()
            stuck.close()
            return count

    assert run_async(count_pictures()) > 10


def test_without_frames_there_is_no_picture_and_the_reason_is_given(porch: WebDaemon) -> None:
    request(porch, "/api/pause", method="POST", json={"paused": True})
    response = request(porch, "/snapshot.jpg")
    request(porch, "/api/pause", method="POST", json={"paused": False})
    assert (response.status, response.body) == (503, {"error": "there is no picture: paused"})
