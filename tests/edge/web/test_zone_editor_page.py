"""The zone editor in a real browser: drawn with mouse, finger and keyboard, saved into the file of a real sensor."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from tests.support.browser import OpenPage
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto
from tests.support.page_view import expect_faces, expect_overlay, save_screenshot
from tests.support.waiting import wait_until
from tests.support.web_client import request
from tests.support.web_daemon import WebDaemon

from fer_edge.config.zones import parse_zones

IS_UPRIGHT = """() => {
  const { clientWidth, clientHeight } = document.getElementById("view");
  return clientHeight > clientWidth;
}"""
CONFIG = "# mine\n[web]\nallow_edit = true  # the page may\n"


class Room:
    """A sensor whose page may save zones.

    Attributes:
        daemon: The sensor.
        file: Its configuration.
    """

    def __init__(self, broker: Mosquitto, camera: str, file: Path, *flags: object) -> None:
        self.file = file
        file.write_text(CONFIG)
        self.daemon = WebDaemon(broker, camera, "--config", file, *flags)

    @property
    def zones(self) -> list[dict[str, Any]]:
        return list(tomllib.loads(self.file.read_text()).get("zones", []))

    def reset(self) -> None:
        body = {"zones": [], "revision": request(self.daemon, "/api/zones").body["revision"]}
        assert request(self.daemon, "/api/zones", method="PUT", json=body).status == 200


@pytest.fixture(scope="module")
def shared_room(broker: Mosquitto, camera: MjpegCamera, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    room = Room(broker, camera.url, tmp_path_factory.mktemp("room") / "config.toml")
    yield room
    room.daemon.close()


@pytest.fixture
def room(shared_room: Room) -> Iterator[Room]:
    """The sensor, without zones after the test."""
    yield shared_room
    shared_room.reset()


def edit(page: Page) -> None:
    page.get_by_role("button", name="Edit zones").click()
    expect(page.get_by_role("group", name="Zone editor")).to_be_visible()


def drag(page: Page, *points: tuple[float, float]) -> None:
    """Drag the mouse along points, as fractions of the picture."""
    bounds = page.locator("#zone-layer").bounding_box()
    assert bounds
    at = [(bounds["x"] + x * bounds["width"], bounds["y"] + y * bounds["height"]) for x, y in points]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=3)
    page.mouse.up()


def swipe(page: Page, *points: tuple[float, float]) -> None:
    """Drag a finger along points, as fractions of the picture."""
    bounds = page.locator("#zone-layer").bounding_box()
    assert bounds
    client = page.context.new_cdp_session(page)
    for index, (x, y) in enumerate(points):
        point = {"x": bounds["x"] + x * bounds["width"], "y": bounds["y"] + y * bounds["height"]}
        kind = "touchMove" if index else "touchStart"
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def save(page: Page) -> None:
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("group", name="Zone editor")).to_be_hidden()


def test_a_zone_is_drawn_moved_resized_and_named_with_the_mouse(room: Room, open_page: OpenPage) -> None:
    page = open_page(room.daemon.url)
    expect_faces(page)
    edit(page)
    drag(page, (0.1, 0.1), (0.5, 0.6))
    drag(page, (0.3, 0.3), (0.2, 0.4))  # all of it
    drag(page, (0.4, 0.7), (0.6, 1.2))  # its lower right corner, as far as the picture
    drag(page, (0.7, 0.1), (0.9, 0.3))
    name, ignore = page.get_by_label("Name of zone 2"), page.get_by_role("checkbox").nth(1)
    name.fill("the “television”")
    ignore.check()
    page.get_by_label("Name of zone 1").fill("sofa")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    save_screenshot(page, "zone-editor")
    save(page)
    assert room.zones == [
        {"name": "sofa", "box": pytest.approx([0, 0.2, 0.6, 0.8], abs=0.005)},
        {"name": "the “television”", "box": pytest.approx([0.7, 0.1, 0.2, 0.2], abs=0.005), "ignore": True},
    ]
    assert room.file.read_text().startswith(CONFIG)
    expect(page.locator(".zone-name")).to_have_text(["sofa", "the “television”"])
    expect(page.locator(".face .zone", has_text="sofa").first).to_be_visible()
    count = len(room.daemon.published("event"))
    wait_until(lambda: any(event["zone"] == "sofa" for event in room.daemon.published("event")[count:]), 60)


def test_a_polygon_is_made_and_a_zone_deleted_by_keyboard_alone(room: Room, open_page: OpenPage) -> None:
    page = open_page(room.daemon.url)
    expect_faces(page)
    press, announced = page.keyboard.press, page.locator("#live-region")
    page.get_by_role("button", name="Edit zones").focus()
    press("Enter")
    expect(page.get_by_role("button", name="Add rectangle")).to_be_focused()
    press("Enter")
    expect(page.get_by_role("button", name="Zone zone 1, rectangle from 35 % to 65 % across")).to_be_focused()
    expect(announced).to_contain_text("zone 1 added. Arrow keys move it")
    for key in ("ArrowLeft", "Shift+ArrowUp", "Shift+ArrowUp"):
        press(key)
    expect(announced).to_contain_text("zone 1: rectangle from 34 % to 64 % across and 20 % to 60 % down.")
    press("Tab")
    expect(page.get_by_role("button", name="zone 1, corner 1 of 4 at 34 % across and 20 % down")).to_be_focused()
    press("Shift+ArrowLeft")
    press("Delete")
    expect(announced).to_contain_text("A rectangle has four corners. Add one first, or delete the zone.")
    for _ in range(4):
        press("Tab")
    expect(page.get_by_role("button", name="Add a corner to zone 1 after corner 1")).to_be_focused()
    press("Enter")
    expect(page.get_by_role("button", name="zone 1, corner 2 of 5")).to_be_focused()
    press("Shift+ArrowUp")
    press("Tab")
    press("Delete")
    press("Delete")
    press("Control+z")
    page.get_by_role("button", name="Add polygon").press("Enter")
    press("Delete")
    expect(announced).to_contain_text("zone 2 deleted.")
    page.get_by_role("button", name="Save").press("Enter")
    expect(announced).to_contain_text("1 zone saved.")
    expect(page.get_by_role("button", name="Edit zones")).to_be_focused()
    polygon = [[0.29, 0.2], [0.465, 0.15], [0.64, 0.6], [0.29, 0.6]]
    assert room.zones == [{"name": "zone 1", "polygon": polygon}]


def test_a_finger_draws_moves_and_reshapes_a_zone_without_scrolling(room: Room, open_page: OpenPage) -> None:
    page = open_page(room.daemon.url, width=390, height=844, has_touch=True, is_mobile=True)
    expect_faces(page)
    edit(page)
    swipe(page, (0.1, 0.1), (0.3, 0.3), (0.5, 0.7))
    swipe(page, (0.5, 0.1), (0.6, 0.05), (0.7, 0.1))  # its upper right corner
    swipe(page, (0.4, 0.4), (0.5, 0.4), (0.6, 0.6))
    page.get_by_role("button", name="Add a corner to zone 1 after corner 4").tap()
    expect(page.get_by_role("button", name="zone 1, corner 5 of 5")).to_be_focused()
    swipe(page, (0.3, 0.6), (0.2, 0.6), (0.1, 0.6))
    assert page.evaluate("scrollY") == 0
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    save_screenshot(page, "zone-editor-phone")
    save(page)
    assert overflow <= 0
    corners = [[0.3, 0.3], [0.9, 0.3], [0.9, 0.9], [0.3, 0.9], [0.1, 0.6]]
    assert room.zones == [{"name": "zone 1", "polygon": [pytest.approx(corner, abs=0.02) for corner in corners]}]


def test_undo_and_cancel_change_nothing(room: Room, open_page: OpenPage) -> None:
    page = open_page(room.daemon.url)
    text = room.file.read_text()
    edit(page)
    drag(page, (0.1, 0.1), (0.5, 0.6))
    drag(page, (0.3, 0.3), (0.4, 0.4))
    undo = page.get_by_role("button", name="Undo")
    undo.click()
    expect(page.get_by_role("button", name="Zone zone 1, rectangle from 10 % to 50 %")).to_be_attached()
    undo.click()
    expect(undo).to_be_disabled()
    expect(page.locator(".zone-edit")).to_have_count(0)
    drag(page, (0.1, 0.1), (0.5, 0.6))
    page.get_by_role("button", name="Cancel").click()
    assert room.file.read_text() == text


def test_what_is_refused_is_one_line_and_stays_to_be_corrected(room: Room, open_page: OpenPage) -> None:
    page = open_page(room.daemon.url, expected_errors=("the server responded with a status of",))
    edit(page)
    drag(page, (0.1, 0.1), (0.3, 0.6))
    drag(page, (0.5, 0.1), (0.8, 0.6))
    page.get_by_label("Name of zone 2").fill("zone 1")
    save_button = page.get_by_role("button", name="Save")
    save_button.click()
    expect(page.locator("#zone-message")).to_have_text(
        "The zones were not saved: zone 2 'zone 1': name: an earlier zone has the same name; each needs its own"
    )
    page.get_by_label("Name of zone 2").fill("zone 2")
    text = room.file.read_text()
    room.file.write_text(text + "# changed\n")
    save_button.click()
    expect(page.locator("#zone-message")).to_contain_text("was changed since the sensor has read it")
    zones = parse_zones(tomllib.loads(page.get_by_label("Put these tables").input_value())["zones"])
    assert [zone.name for zone in zones] == ["zone 1", "zone 2"]
    room.file.write_text(text)


def test_where_saving_is_not_allowed_the_page_shows_toml_to_copy(porch: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(porch.url, permissions=["clipboard-read", "clipboard-write"])
    edit(page)
    drag(page, (0.1, 0.1), (0.3, 0.6))
    page.get_by_label("Name of zone 1").fill('a "b" \\ ü')
    expect(page.get_by_role("button", name="Save")).to_be_hidden()
    expect(page.locator("#zone-reason")).to_have_text(
        "They cannot be saved here: set web.allow_edit = true (--web-allow-edit) to let the page save zones."
    )
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#live-region")).to_contain_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    [zone] = parse_zones(tomllib.loads(copied)["zones"])
    assert (zone.name, zone.polygon[0]) == ('a "b" \\ ü', pytest.approx((0.1, 0.1), abs=0.005))
    assert Axe().run(page).violations_count == 0


def test_without_a_picture_zones_are_drawn_on_an_empty_frame(room: Room, open_page: OpenPage) -> None:
    page = open_page(room.daemon.url)
    room.daemon.send_command("pause")
    expect_overlay(page, "Paused")
    edit(page)
    drag(page, (0.25, 0.5), (0.75, 1))
    save(page)
    assert room.zones == [{"name": "zone 1", "box": pytest.approx([0.25, 0.5, 0.5, 0.5], abs=0.005)}]
    room.daemon.send_command("resume")
    expect_faces(page)


@pytest.mark.parametrize(("flags", "left"), [((), 0.7), (("--rotate", 90, "--flip", "h"), 0)])
def test_zones_are_in_the_frames_of_the_sensor_where_the_page_mirrors_or_rotates_the_picture(
    broker: Mosquitto, tmp_path: Path, open_page: OpenPage, flags: tuple[object, ...], left: float
) -> None:
    room = Room(broker, "browser", tmp_path / "config.toml", *flags)
    try:
        page = open_page(room.daemon.url)
        video = page.locator("#video")
        video.wait_for()
        wait_until(lambda: page.evaluate(IS_UPRIGHT) == bool(flags), 60)
        assert ("covered" in (video.get_attribute("class") or "")) == bool(flags)
        edit(page)
        drag(page, (0.3, 0.2), (-0.1, 1.1))
        save(page)
        assert room.zones == [{"name": "zone 1", "box": pytest.approx([left, 0.2, 0.3, 0.8], abs=0.005)}]
        page.context.close()
    finally:
        room.daemon.close()
