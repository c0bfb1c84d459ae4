"""The dashboard, the device and the blueprints in the pages of a real Home Assistant, in Chromium.

A picture of each page is left in build/homeassistant.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright
from tests.support.browser import CHROMIUM, FLAGS
from tests.support.daemon_process import DaemonProcess
from tests.support.home_assistant import PYTHON, START_TIMEOUT
from tests.support.home_assistant_server import HomeAssistantServer
from tests.support.media import MEDIA
from tests.support.mosquitto import Mosquitto

PICTURES = Path(__file__).parents[2] / "build" / "homeassistant"
SECONDS = 6  # that each scene lasts
SCENES = [("happy-baby.jpeg", 0), ("", 0), ("surprised.jpeg", 160), ("neutral.jpeg", 0)]  # a face, and its left edge
CONFIGURATION = """
[[zones]]
name = "sofa"
box = [0.5, 0, 0.5, 1]

[[moods]]
name = "cheerful"
emotion = "happy"
seconds = 2
"""
WARNINGS = "hui-error-card, hui-warning, hui-warning-element, ha-alert"

pytestmark = [
    pytest.mark.skipif(not PYTHON, reason="NOT TESTED, needs Home Assistant: make test-homeassistant"),
    pytest.mark.timeout(600),
]


def draw_scene(file: str, left: int) -> bytes:
    """A JPEG with this face on noise, or nobody."""
    image = np.random.default_rng(1).integers(60, 160, (360, 640, 3), np.uint8)
    if file:
        face = cv2.imread(str(MEDIA / "faces" / file))
        width = 320 * face.shape[1] // face.shape[0]
        image[20:340, left : left + width] = cv2.resize(face, (width, 320))
    return bytes(cv2.imencode(".jpg", image)[1])


@pytest.fixture
def daemon(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[DaemonProcess]:
    scenes = [draw_scene(*scene) for scene in SCENES]
    (tmp_path / "config.toml").write_text(CONFIGURATION)
    flags = ["--config", str(tmp_path / "config.toml"), "--model", "base", "--allow-snapshots"]
    daemon = DaemonProcess(mosquitto, *flags, device="porch")
    daemon.camera.fps = 10
    daemon.camera.picture = lambda number: scenes[number // (10 * SECONDS) % len(scenes)]
    yield daemon
    daemon.close()


@pytest.fixture
def context(mosquitto: Mosquitto, daemon: DaemonProcess, tmp_path: Path) -> Iterator[tuple[str, BrowserContext]]:
    """The address of a Home Assistant that knows the device, and a browser in which a user is logged in."""
    home = HomeAssistantServer(tmp_path / "home")
    # The graphs of a day would show no more than a stroke of what this test plays in two minutes.
    dashboard = tmp_path / "home" / "dashboard.yaml"
    dashboard.write_text(dashboard.read_text().replace("hours_to_show: 24", "hours_to_show: 0.025"))
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            yield home.url, home.log_in(browser, mosquitto.port)
            browser.close()
    finally:
        home.close()
    assert home.errors() == []


def save(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / name)


def test_the_pages_have_no_warning_and_show_what_the_device_reports(context: tuple[str, BrowserContext]) -> None:
    url, browser = context
    page = browser.new_page()
    page.set_default_timeout(START_TIMEOUT * 1000)
    page.goto(f"{url}/config/devices/dashboard")
    page.get_by_text("porch", exact=True).first.click()
    for text in ("Expression sensor (base)", "Occupancy sofa", "Mood", "Minimum score", "Connectivity", "Snapshot"):
        page.get_by_text(text, exact=True).first.wait_for()
    page.set_viewport_size({"width": 1280, "height": 1700})
    save(page, "device.png")

    page.goto(f"{url}/config/blueprint/dashboard")
    for text in ("Light follows mood", "Notify on a sustained mood", "Pause while somebody is present"):
        page.get_by_text(text, exact=True).first.wait_for()
    page.set_viewport_size({"width": 1280, "height": 860})
    save(page, "blueprints.png")

    page.goto(f"{url}/fer-edge/porch")
    emotion = page.locator("hui-tile-card", has_text="Emotion")
    expect(page.locator("hui-gauge-card:visible")).to_have_count(2, timeout=START_TIMEOUT * 1000)
    for scene in ("Unknown", "surprise", "neutral", "happy"):
        emotion.get_by_text(scene).wait_for()
        assert page.locator(WARNINGS).count() == 0, page.locator(WARNINGS).all_inner_texts()
    assert page.get_by_text("Entity not found").count() == 0
    page.get_by_text("changed to happy").first.wait_for()
    emotion.get_by_text("happy").wait_for()
    save(page, "dashboard.png")
