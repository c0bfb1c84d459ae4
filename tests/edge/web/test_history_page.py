"""The charts of the live page: 24 hours from the history, and five minutes, in local time, readable at a point."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from tests.support.browser import OpenPage
from tests.support.history import minute
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto
from tests.support.page_view import expect_faces, save_screenshot
from tests.support.waiting import wait_until
from tests.support.web_daemon import WebDaemon

from fer_edge.events import rfc3339
from fer_edge.history.sqlite_file import SqliteHistory

HOUR = 3600
GAP = range(3 * HOUR, 5 * HOUR)  # seconds before now in which the sensor was off
TIME_ZONE = "Asia/Kathmandu"  # 5 hours and 45 minutes ahead


@pytest.fixture(scope="module")
def hall(broker: Mosquitto, camera: MjpegCamera, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDaemon]:
    """A sensor with a history of the last ten hours."""
    path: Path = tmp_path_factory.mktemp("history") / "history.sqlite"
    daemon = WebDaemon(broker, camera.url, "--history", path, "--history-days", 2)
    quarter = int(time.time()) // 900 * 900
    times = [at for at in range(quarter - 10 * HOUR, quarter, 60) if quarter - at not in GAP]
    empty = {"nobody_s": 60.0, "unsure_s": 0.0, "emotions_s": {"happy": 0.0}, "observed_s": 60.0}
    messages = [
        {
            **minute(number, "happy", zone="sofa"),
            "device": daemon.device,
            "ts": rfc3339(at),
            **(empty if quarter - at > 6 * HOUR else {}),
        }
        for number, at in enumerate(times)
    ]
    SqliteHistory(path).append(messages)
    yield daemon
    daemon.close()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_day_is_a_bar_per_quarter_of_an_hour_that_is_read_by_mouse_and_keyboard(
    hall: WebDaemon, open_page: OpenPage
) -> None:
    page = open_page(hall.url, timezone_id=TIME_ZONE)
    expect_faces(page)
    area, detail = page.get_by_role("slider", name="Time in the last 24 hours"), page.locator("#history-detail")
    wait_until(lambda: page.locator("#history-chart .observed").count() >= 32)  # 8 hours, and the time since
    area.focus()
    press(page, "End", "ArrowLeft")
    expect(detail).to_have_text(re.compile(r"^\d\d:\d\d to \d\d:\d\d: happy 5 min 4 s, nobody 2 min 38 s$"))
    assert area.get_attribute("aria-valuetext") == detail.text_content()
    local = time.gmtime(int(time.time()) // 900 * 900 - 900 + 5 * HOUR + 45 * 60)
    assert str(detail.text_content()).startswith(time.strftime("%H:%M", local))
    press(page, "PageDown", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft")
    expect(detail).to_have_text(re.compile(r": nothing was recorded$"))
    press(page, "Home")
    expect(detail).to_have_text(re.compile(r": nothing was recorded$"))
    page.locator("#history-area").hover(position={"x": 5, "y": 5})
    bounds = page.locator("#history-area").bounding_box()
    assert bounds
    page.mouse.move(bounds["x"] + bounds["width"] * 65.5 / 96, bounds["y"] + 50)
    expect(detail).to_have_text(re.compile(r": nobody 15 min$"))
    save_screenshot(page, "history")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_the_history_of_a_zone_is_selected(hall: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(hall.url, width=390, height=844)
    with page.expect_response(lambda response: response.url.endswith("/api/history?zone=sofa")) as answer:
        page.get_by_role("combobox", name="Zone").select_option("sofa")
    assert answer.value.json()["zones"] == ["sofa"]
    wait_until(lambda: page.locator("#history-chart .observed").count() >= 32)
    expect(page.get_by_role("combobox", name="Zone")).to_have_value("sofa")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_five_minutes_are_in_local_time_and_are_read_at_a_point(hall: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(hall.url, timezone_id=TIME_ZONE)
    expect_faces(page)
    minute_of_day = time.strftime("%H:", time.gmtime(time.time() - 120 + 5 * HOUR + 45 * 60))
    expect(page.locator("#timeline-axis")).to_contain_text(minute_of_day)
    page.wait_for_timeout(1500)
    page.get_by_role("slider", name="Time in the last five minutes").focus()
    press(page, "ArrowLeft")
    detail = page.locator("#timeline-detail")
    expect(detail).to_have_text(re.compile(r"^\d\d:\d\d:\d\d: (\d faces: )?\w+(, \w+)*$"))
    press(page, "Home")
    expect(detail).to_have_text(re.compile(r"^\d\d:\d\d:\d\d: the camera was off$"))


def test_without_a_history_there_is_no_such_section(porch: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(porch.url)
    expect_faces(page)
    expect(page.get_by_role("heading", name="The last five minutes")).to_be_visible()
    expect(page.get_by_role("heading", name="The last 24 hours")).to_be_hidden()
