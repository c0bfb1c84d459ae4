"""Sensors with a live page, and a real Chromium, one for all tests of this folder, whose camera plays a clip."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright
from tests.support import browser as support
from tests.support.browser import ALLOW_CAMERA, LaunchBrowser, OpenPage, StartDaemon
from tests.support.media import HEAD, WALK
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto
from tests.support.web_daemon import WebDaemon, back_and_forth

FPS = 12.5  # of the clips


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=support.TIMEOUT)
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="package")
def camera_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A turning head, forwards and backwards, in the format of Chromium's fake camera."""
    path = tmp_path_factory.mktemp("clip") / "face.y4m"
    forwards_and_backwards = "[0]split[a][b];[b]reverse[r];[a][r]concat"
    arguments = ["-i", str(HEAD), "-filter_complex", forwards_and_backwards, "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(["ffmpeg", "-v", "error", *arguments], check=True, timeout=60)
    return path


@pytest.fixture(scope="package")
def launch_browser(playwright: Playwright) -> Iterator[LaunchBrowser]:
    """Launches a Chromium with additional flags."""
    browsers: list[Browser] = []

    def launch(*flags: str) -> Browser:
        browser = playwright.chromium.launch(executable_path=support.CHROMIUM, args=[*support.FLAGS, *flags])
        browsers.append(browser)
        return browser

    yield launch
    for browser in browsers:
        browser.close()


@pytest.fixture(scope="package")
def chromium(launch_browser: LaunchBrowser, camera_clip: Path) -> Browser:
    """A Chromium that allows every page to use its camera, which plays the clip."""
    return launch_browser(
        ALLOW_CAMERA, "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={camera_clip}"
    )


@pytest.fixture(scope="package")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.close()


@pytest.fixture(scope="package")
def camera() -> Iterator[MjpegCamera]:
    """A network camera that shows people walking, forwards and backwards, in real time."""
    camera = MjpegCamera(picture=back_and_forth(WALK), fps=FPS)
    yield camera
    camera.stop()


@pytest.fixture(scope="package")
def porch(broker: Mosquitto, camera: MjpegCamera) -> Iterator[WebDaemon]:
    """A sensor with that camera."""
    daemon = WebDaemon(broker, camera.url)
    yield daemon
    daemon.close()


@pytest.fixture
def start_daemon(broker: Mosquitto) -> Iterator[StartDaemon]:
    """Starts a sensor that is stopped after the test."""
    daemons: list[WebDaemon] = []

    def start(camera: str, *flags: object, **options: Any) -> WebDaemon:
        daemons.append(WebDaemon(broker, camera, *flags, **options))
        return daemons[-1]

    yield start
    for daemon in daemons:
        daemon.close()


@pytest.fixture
def open_page(chromium: Browser, start_daemon: StartDaemon) -> Iterator[OpenPage]:
    """Opens an address in a separate window, which is closed before the sensors of `start_daemon` are stopped.

    The test fails if the browser reports an error that is not among the expected ones.
    """
    errors, contexts = [], []

    def open_url(
        url: str,
        *,
        width: int = 1280,
        height: int = 800,
        expected_errors: Sequence[str] = (),
        browser: Browser = chromium,
        **options: Any,
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB", **options)
        contexts.append(context)
        page, reported = support.open_page(context, url, expected_errors)
        errors.append(reported)
        return page

    yield open_url
    for context in contexts:
        context.close()
    assert [error for each in errors for error in each.found] == []
