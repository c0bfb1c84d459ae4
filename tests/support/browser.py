"""Chromium for the tests of the live page: how it is started, and the errors that it reports."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request
from tests.support.web_daemon import WebDaemon

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ALLOW_CAMERA = "--use-fake-ui-for-media-stream"  # answers the permission prompt with yes
TIMEOUT = 60_000  # milliseconds, for a busy machine
RECORDER = Path(__file__).with_name("page_recorder.js")
# What Chromium logs when a server is not running.
SERVER_GONE = ("WebSocket connection to", "ERR_CONNECTION_REFUSED")

LaunchBrowser = Callable[..., Browser]
StartDaemon = Callable[..., WebDaemon]
OpenPage = Callable[..., Page]


class BrowserErrors:
    """Collects what a page logs as an error or warning, failed requests, and requests to any other host.

    Attributes:
        found: the errors, without the expected ones.
    """

    def __init__(self, page: Page, url: str, expected: Sequence[str]) -> None:
        """`url` is the only host that may be contacted; an error that contains a text of `expected` is not counted."""
        self.found: list[str] = []
        self._host, self._expected = urlsplit(url).netloc, expected
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self._add(f"error: {error}"))
        page.on("requestfailed", lambda request: self._add(f"failed: {request.url} {request.failure}"))
        page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._add(f"console: {message.text}")

    def _on_request(self, request: Request) -> None:
        if urlsplit(request.url).netloc not in {self._host, ""}:
            self._add(f"other host: {request.url}")

    def _add(self, error: str) -> None:
        if not any(text in error for text in self._expected):
            self.found.append(error)


def open_page(context: BrowserContext, url: str, expected_errors: Sequence[str]) -> tuple[Page, BrowserErrors]:
    """Open an address with the recorder of page_recorder.js in the page."""
    page = context.new_page()
    page.set_default_timeout(TIMEOUT)
    page.add_init_script(path=RECORDER)
    errors = BrowserErrors(page, url, expected_errors)
    page.goto(url)
    return page, errors
