"""A real Chromium, one for all tests, that plays a clip where its camera would be."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, expect, sync_playwright
from tests.support import HEAD, WALK, Mosquitto
from tests.support.mjpeg import MjpegCamera
from tests.support.web_daemon import Daemon, to_and_fro

CHROMIUM = shutil.which("chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
GIVEN = "--use-fake-ui-for-media-stream"  # to whoever asks
TIMEOUT = 60_000  # milliseconds, for a machine that does much beside
FPS = 12.5  # of the clips


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The head that turns, to and fro, as Chromium's fake camera wants it."""
    path = tmp_path_factory.mktemp("clip") / "face.y4m"
    there_and_back = "[0]split[a][b];[b]reverse[r];[a][r]concat"
    arguments = ["-i", str(HEAD), "-filter_complex", there_and_back, "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(["ffmpeg", "-v", "error", *arguments], check=True, timeout=60)
    return path


Launch = Callable[..., Browser]


@pytest.fixture(scope="session")
def launch(playwright: Playwright) -> Iterator[Launch]:
    """Starts a Chromium with some flags more."""
    browsers: list[Browser] = []

    def launched(*flags: str) -> Browser:
        browsers.append(playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *flags]))
        return browsers[-1]

    yield launched
    for browser in browsers:
        browser.close()


@pytest.fixture(scope="session")
def chromium(launch: Launch, clip: Path) -> Browser:
    """It gives its camera to whoever asks."""
    return launch(GIVEN, "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={clip}")


class Faults:
    """What a browser has to complain of, but for what is `due`, and which servers were asked beside `home`."""

    def __init__(self, page: Page, home: str, due: Sequence[str]) -> None:
        self.all: list[str] = []
        self._home, self._due = urlsplit(home).netloc, due
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self._add(f"error: {error}"))
        page.on("requestfailed", lambda request: self._add(f"failed: {request.url} {request.failure}"))
        page.on("request", self._look)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._add(f"console: {message.text}")

    def _look(self, request: Request) -> None:
        if urlsplit(request.url).netloc not in {self._home, ""}:
            self._add(f"elsewhere: {request.url}")

    def _add(self, fault: str) -> None:
        if not any(part in fault for part in self._due):
            self.all.append(fault)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path_factory.mktemp("broker"))
    made.start()
    yield made
    made.close()


@pytest.fixture(scope="session")
def camera() -> Iterator[MjpegCamera]:
    """A camera with an address before which people walk, to and fro, in real time."""
    made = MjpegCamera(picture=to_and_fro(WALK), fps=FPS)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def porch(broker: Mosquitto, camera: MjpegCamera) -> Iterator[Daemon]:
    """A sensor with a camera of its own."""
    made = Daemon(broker, camera.url)
    yield made
    made.close()


Start = Callable[..., Daemon]


@pytest.fixture
def start(broker: Mosquitto) -> Iterator[Start]:
    """Starts a sensor that ends with the test."""
    made: list[Daemon] = []

    def started(camera: str, *flags: object, **how: Any) -> Daemon:
        made.append(Daemon(broker, camera, *flags, **how))
        return made[-1]

    yield started
    for daemon in made:
        daemon.close()


Visit = Callable[..., Page]


@pytest.fixture
def visit(chromium: Browser, start: Start) -> Iterator[Visit]:
    """Opens an address in a window of its own, which is closed before a sensor of `start` ends.

    The browser must have nothing to complain of then.
    """
    faults, contexts = [], []

    def opened(
        url: str,
        *,
        width: int = 1280,
        height: int = 800,
        due: Sequence[str] = (),
        browser: Browser = chromium,
        **how: Any,
    ) -> Page:
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, locale="en-GB", **how))
        page = contexts[-1].new_page()
        page.set_default_timeout(TIMEOUT)
        page.add_init_script(path=Path(__file__).parents[2] / "support" / "page_recorder.js")
        faults.append(Faults(page, url, due))
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [fault for each in faults for fault in each.all] == []
