"""What a live page shows: boxes, painted canvases, the overlay; and screenshots of it."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page, expect
from tests.support.web_daemon import Box

BOXES = """() => {
  const view = document.getElementById("view").getBoundingClientRect();
  return [...document.querySelectorAll(".box")].map((box) => {
    const { x, y, width, height } = box.getBoundingClientRect();
    const [left, top] = [(x - view.x) / view.width, (y - view.y) / view.height];
    return [box.textContent.split(/ +/), [left, top, width / view.width, height / view.height]];
  });
}"""
PAINTED_SHARE = """(canvas) => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, index) => index % 4 === 3 && value > 128).length / (data.length / 4);
}"""


def boxes(page: Page) -> list[tuple[str, Box]]:
    """The faces in the picture: emotion; x, y, width and height as fractions of the view."""
    return [(words[1], tuple(place)) for words, place in page.evaluate(BOXES)]


def painted_share(page: Page, canvas: str) -> float:
    """The share of a canvas that is painted; a light tint does not count."""
    return float(page.locator(canvas).evaluate(PAINTED_SHARE))


def expect_faces(page: Page) -> None:
    """Wait until a face has a box in the picture and a card beside it."""
    expect(page.locator(".box").first).to_be_visible()
    expect(page.locator(".face").first).to_be_visible()


def expect_overlay(page: Page, title: str) -> None:
    """Wait until an overlay with this title is in place of the picture."""
    expect(page.locator("#overlay")).to_be_visible()
    expect(page.locator("#overlay-title")).to_have_text(title)


def save_screenshot(page: Page, name: str) -> None:
    """Write a screenshot into the folder that FER_EDGE_SCREENSHOTS names, if it is set."""
    if folder := os.environ.get("FER_EDGE_SCREENSHOTS"):
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
