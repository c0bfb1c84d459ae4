"""What is requested from a camera, and how its images are rotated and mirrored."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Literal

from fer_edge.config.addresses import parse_address, quote

Size = tuple[int, int]  # width and height, pixels

ADDRESS_SCHEMES = ("rtsp", "rtsps", "http", "https")
ADDRESS_FORM = "rtsp://[user:password@]host[:port]/path, or the same with rtsps, http or https"
MIN_SIDE, MAX_SIDE = 32, 8192  # pixels
NO_LIGHT = "none"
MAX_PIN = 27  # on the header of a Raspberry Pi, in the numbers of its processor (BCM)

# What --camera accepts: one phrase for each entry of the registry in cameras/factory.py, under the same name. They are
# kept apart because the settings are read before any camera library is loaded. To change one, also generate the
# documentation again: see schema.py.
SOURCE_KINDS = {
    "number": "a camera's number (a Pi's own, else /dev/videoN)",
    "id": "its id",
    "device": "a device",
    "address": "an rtsp:// or http:// address",
    "browser": "browser (the webcam of the browser that shows the live page)",
    "video": "a video file",
    "pictures": "a picture or a folder of pictures",
}
SPECS = ", ".join(SOURCE_KINDS.values())


@dataclass(frozen=True)
class CameraOptions:
    """What is requested from a camera, and how its images are rotated and mirrored.

    Attributes:
        size: Width and height in pixels; None for the default of this kind of camera.
        fps: Frames per second; None for the camera's own rate.
        rotate: Degrees clockwise: 0, 90, 180 or 270.
        flip: Applied after the rotation: "h" swaps left and right, "v" top and bottom.
    """

    size: Size | None = None
    fps: int | None = None
    rotate: int = 0
    flip: Literal["h", "v"] | None = None


def is_address(source: str) -> bool:
    """Whether a camera is named by an address."""
    return source.partition("://")[0].lower() in ADDRESS_SCHEMES and "://" in source


def names_file(source: str | None) -> bool:
    """Whether a camera is a video, a picture or a folder that exists; a number is always a camera."""
    if not source or source.isdecimal():
        return False
    return os.path.isfile(source) or os.path.isdir(source)  # noqa: PTH112, PTH113 - never raise


def parse_source(text: str) -> str:
    """Check a camera's address; other sources are checked when they are opened. Raises UsageError."""
    if is_address(text):
        parse_address(text, ADDRESS_FORM)
    return text


def parse_size(text: str) -> Size:
    """Parse `WIDTHxHEIGHT`, two even numbers of pixels. Raises ValueError."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    width, height = (int(side) for side in match.groups()) if match else (0, 0)
    if any(side % 2 or not MIN_SIDE <= side <= MAX_SIDE for side in (width, height)):
        raise ValueError(f"{quote(text)} must be WIDTHxHEIGHT, even, {MIN_SIDE} to {MAX_SIDE} each, e.g. 1280x720")
    return width, height


def parse_light(text: str) -> int | None:
    """Return the pin of `gpio:N`; None for `none`. Raises ValueError."""
    if text == NO_LIGHT:
        return None
    match = re.fullmatch(r"gpio:([0-9]{1,2})", text)
    if not match or int(match[1]) > MAX_PIN:
        raise ValueError(f"{quote(text)} must be gpio:N, with the number of a GPIO from 0 to {MAX_PIN}, or {NO_LIGHT}")
    return int(match[1])
