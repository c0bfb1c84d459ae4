"""What is to be seen on a page."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page, expect
from tests.support.web_daemon import Box

BOXES = """() => {
  const stage = document.getElementById("stage").getBoundingClientRect();
  return [...document.querySelectorAll(".box")].map((box) => {
    const { x, y, width, height } = box.getBoundingClientRect();
    const [left, top] = [(x - stage.x) / stage.width, (y - stage.y) / stage.height];
    return [box.textContent.split(/ +/), [left, top, width / stage.width, height / stage.height]];
  });
}"""
COLOURED = """(canvas) => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, index) => index % 4 === 3 && value > 128).length / (data.length / 4);
}"""


def boxes(page: Page) -> list[tuple[str, Box]]:
    """The faces in the picture: emotion; x, y, width and height as fractions of what is shown."""
    return [(words[1], tuple(place)) for words, place in page.evaluate(BOXES)]


def coloured(page: Page, canvas: str) -> float:
    """The share of a canvas that is painted, and not with a mere tint."""
    return float(page.locator(canvas).evaluate(COLOURED))


def expect_faces(page: Page) -> None:
    """Wait until a face is shown, and named beside the picture."""
    expect(page.locator(".box").first).to_be_visible()
    expect(page.locator(".face").first).to_be_visible()


def expect_veil(page: Page, title: str) -> None:
    """Wait until this stands in place of the picture."""
    expect(page.locator("#veil")).to_be_visible()
    expect(page.locator("#veil-title")).to_have_text(title)


def keep(page: Page, name: str) -> None:
    """Write a screenshot into the folder that FER_EDGE_SCREENSHOTS names, if it does."""
    if folder := os.environ.get("FER_EDGE_SCREENSHOTS"):
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
