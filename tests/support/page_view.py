"""What a live page shows: boxes, painted canvases, the overlay; and screenshots of it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, WebSocketRoute, expect
from tests.support.web_daemon import Box

BOXES = """() => {
  const view = document.getElementById("view").getBoundingClientRect();
  return [...document.querySelectorAll("#boxes > div")].map((face) => {
    // The used values, which do not depend on the angle.
    const { left, top, width, height, rotate } = getComputedStyle(face.querySelector(".box"));
    const [x, y, w, h] = [left, top, width, height].map(parseFloat);
    return {
      words: face.textContent.split(/ +/),
      box: [x / view.width, y / view.height, w / view.width, h / view.height],
      angle: parseFloat(rotate) || 0,
    };
  });
}"""
TAGS = """() => {
  const view = document.getElementById("view").getBoundingClientRect();
  return [...document.querySelectorAll(".tag")].map((tag) => {
    const { x, y, width, height } = tag.getBoundingClientRect();
    return [(x - view.x) / view.width, (y - view.y) / view.height, width / view.width, height / view.height];
  });
}"""
# Hit-testing takes account of how an element is turned.
IS_IN_BOX = """([x, y]) => {
  const view = document.getElementById("view").getBoundingClientRect();
  const hits = document.elementsFromPoint(view.x + x * view.width, view.y + y * view.height);
  return hits.some((node) => node.matches(".box"));
}"""
PAINTED_SHARE = """(canvas) => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, index) => index % 4 === 3 && value > 128).length / (data.length / 4);
}"""


def boxes(page: Page) -> list[tuple[str, Box]]:
    """The faces in the picture: emotion; x, y, width and height as fractions of the view, before they are turned."""
    return [(face["words"][1], tuple(face["box"])) for face in page.evaluate(BOXES)]


def angles(page: Page) -> list[float]:
    """By how much the boxes are turned, degrees clockwise."""
    return [face["angle"] for face in page.evaluate(BOXES)]


def tags(page: Page) -> list[Box]:
    """The upright bounding boxes of the labels, as fractions of the view."""
    return [tuple(tag) for tag in page.evaluate(TAGS)]


def is_in_box(page: Page, x: float, y: float) -> bool:
    """Whether a point, as fractions of the view, is inside the box of a face as it is drawn."""
    return bool(page.evaluate(IS_IN_BOX, [x, y]))


def painted_share(page: Page, canvas: str) -> float:
    """The share of a canvas that is painted; a light tint does not count."""
    return float(page.locator(canvas).evaluate(PAINTED_SHARE))


def expect_faces(page: Page) -> None:
    """Wait until a face has a box in the picture and a card beside it."""
    expect(page.locator(".box").first).to_be_visible()
    expect(page.locator(".face").first).to_be_visible()


def replace_faces(page: Page, faces: Sequence[dict[str, Any]]) -> None:
    """Load the page again and put these faces in place of those in every frame that it receives.

    Waits for a face first: requests that a reload cancels would be reported as failed.
    """
    expect_faces(page)

    def replace(message: str | bytes) -> str | bytes:
        if isinstance(message, str):
            return message
        start = 4 + int.from_bytes(message[:4])
        header = json.dumps({**json.loads(message[4:start]), "faces": faces}).encode()
        return len(header).to_bytes(4) + header + message[start:]

    def on_connect(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        server.on_message(lambda message: route.send(replace(message)))

    page.route_web_socket(re.compile("/api/live"), on_connect)
    page.reload()


def expect_overlay(page: Page, title: str) -> None:
    """Wait until an overlay with this title is in place of the picture."""
    expect(page.locator("#overlay")).to_be_visible()
    expect(page.locator("#overlay-title")).to_have_text(title)


def save_screenshot(page: Page, name: str) -> None:
    """Write a screenshot into the folder that FER_EDGE_SCREENSHOTS names, if it is set."""
    if folder := os.environ.get("FER_EDGE_SCREENSHOTS"):
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
