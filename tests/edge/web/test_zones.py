"""The zones in a real browser and in the answers for programs; they are configured in the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.support.browser import OpenPage
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto
from tests.support.page_view import expect_faces, save_screenshot
from tests.support.waiting import wait_until
from tests.support.web_client import request
from tests.support.web_daemon import WebDaemon

ZONES = """
[[zones]]
name = "door"
box = [0, 0, 0.4, 1]

[[zones]]
name = "Übergang"
polygon = [[0.4, 0], [0.7, 0], [0.65, 1], [0.4, 1]]

[[zones]]
name = "poster"
box = [0.7, 0, 0.3, 1]
ignore = true
"""
POLYGONS = """() => {
  const view = document.getElementById("view").getBoundingClientRect();
  return [...document.querySelectorAll("#zone-outlines polygon")].map((polygon) => {
    const { x, y, width, height } = polygon.getBoundingClientRect();
    return [(x - view.x) / view.width, (y - view.y) / view.height, width / view.width, height / view.height];
  });
}"""


@pytest.fixture(scope="module")
def hall(broker: Mosquitto, camera: MjpegCamera, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDaemon]:
    """A sensor with zones."""
    file: Path = tmp_path_factory.mktemp("zones") / "config.toml"
    file.write_text(ZONES)
    daemon = WebDaemon(broker, camera.url, "--config", file)
    yield daemon
    daemon.close()


def state_of(daemon: WebDaemon) -> dict[str, Any]:
    return dict(request(daemon, "/api/state").body)


def names(page: Page) -> list[str]:
    return page.locator(".zone-name").all_text_contents()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (360, 740)])
def test_the_page_shows_outlines_and_names_and_the_zone_of_each_face(
    hall: WebDaemon, open_page: OpenPage, width: int, height: int
) -> None:
    page = open_page(hall.url, width=width, height=height)
    expect_faces(page)
    assert names(page) == ["door", "Übergang", "poster"]
    expected = [(0, 0, 0.4, 1), (0.4, 0, 0.3, 1), (0.7, 0, 0.3, 1)]
    for drawn, zone in zip(page.evaluate(POLYGONS), expected, strict=True):
        assert drawn == pytest.approx(zone, abs=0.005)
    assert page.locator("polygon.ignored").count() == 1
    expect(page.locator(".face .zone", has_text="door").first).to_be_visible()
    save_screenshot(page, f"zones-{width}")


def test_state_and_events_have_the_zones(hall: WebDaemon) -> None:
    wait_until(lambda: hall.state.get("faces"))
    state = hall.state
    assert set(state["zones"]) == {"door", "Übergang"}
    assert sum(state["zones"].values()) <= state["faces"]
    assert state["zone"] in {"door", "Übergang", None}
    wait_until(lambda: state_of(hall)["tracks"])
    answer = state_of(hall)
    assert set(answer["zones"]) == {"door", "Übergang"}
    assert {face["zone"] for face in answer["tracks"]} <= {"door", "Übergang", None}
    assert {json.dumps(event["zone"]) for event in hall.published("event")} & {'"door"', '"\\u00dcbergang"'}


def test_without_zones_the_page_has_none(porch: WebDaemon, open_page: OpenPage) -> None:
    page = open_page(porch.url)
    expect_faces(page)
    assert names(page) == []
    assert "zones" not in state_of(porch)
    assert all("zone" not in face for face in state_of(porch)["tracks"])
