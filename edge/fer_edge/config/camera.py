"""How a camera is asked to look, and which way up its picture stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Size = tuple[int, int]

SIDES = (32, 8192)  # pixels
SPECS = (
    "a camera's number (a Pi's own, else /dev/videoN), its id, a device, an rtsp:// or http:// address, browser (the "
    "webcam of who opens the page), a video file, a picture or a folder of pictures"
)


@dataclass(frozen=True)
class CameraOptions:
    """What a camera is asked for, and how its picture is turned.

    size: width and height, pixels, or None for what fits the kind of camera. fps: frames a second, or None for the
    camera's own rate. rotate: degrees clockwise, 0, 90, 180 or 270. flip, after the rotation: "h" mirrors left and
    right, "v" top and bottom.
    """

    size: Size | None = None
    fps: int | None = None
    rotate: int = 0
    flip: Literal["h", "v"] | None = None


def parse_size(text: str) -> Size:
    """`WxH`, two even numbers of pixels. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    width, height = (int(side) for side in found.groups()) if found else (0, 0)
    least, most = SIDES
    if width % 2 or height % 2 or not (least <= width <= most and least <= height <= most):
        raise ValueError(f"{text!r} must be WIDTHxHEIGHT, even, {least} to {most} each, e.g. 1280x720")
    return width, height
