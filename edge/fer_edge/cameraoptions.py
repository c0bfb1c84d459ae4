"""How a camera is asked to look, and which way up its picture stands."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import dataclass
from typing import Literal

Size = tuple[int, int]
SEARCH_SIDE = 640  # pixels, the longer side of the picture in which faces are searched
SIDES = (32, 8192)  # pixels
ROTATIONS = (0, 90, 180, 270)
FLIPS = ("h", "v")
SPECS = (
    "a camera's number (a Pi's own, else /dev/videoN), its id, a device, an rtsp:// or http:// address, a video file, "
    "a picture or a folder of pictures"
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


def add_camera_flags(parser: ArgumentParser) -> None:
    """The flags that say which camera and how; `camera_options` reads all but the first."""
    parser.add_argument("--camera", metavar="SPEC", help=SPECS)
    parser.add_argument(
        "--size",
        type=parse_size,
        metavar="WxH",
        help="what a camera is asked for (a Pi's own: 1280 wide, others: 640x480); an address or a file has a size",
    )
    parser.add_argument(
        "--fps", type=_fps, metavar="N", help="frames a second of a camera or an address (its own rate)"
    )
    parser.add_argument(
        "--rotate", type=int, choices=ROTATIONS, default=0, help="turn the picture clockwise, in degrees (%(default)s)"
    )
    parser.add_argument("--flip", choices=FLIPS, help="then mirror it: h left and right, v top and bottom")


def camera_options(arguments: Namespace) -> CameraOptions:
    """What the flags ask for."""
    return CameraOptions(arguments.size, arguments.fps, arguments.rotate, arguments.flip)


def search_size(size: Size) -> Size:
    """The even width and height, of the same shape and at most SEARCH_SIDE long, in which to search a picture."""
    share = min(1.0, SEARCH_SIDE / max(size))
    width, height = (max(2, 2 * round(share * side / 2)) for side in size)
    return width, height


def parse_size(text: str) -> Size:
    """`WxH`, two even numbers of pixels. Raises ArgumentTypeError."""
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    width, height = (int(side) for side in found.groups()) if found else (0, 0)
    least, most = SIDES
    if width % 2 or height % 2 or not (least <= width <= most and least <= height <= most):
        raise ArgumentTypeError(f"{text!r} must be WIDTHxHEIGHT, even, {least} to {most} each, e.g. 1280x720")
    return width, height


def _fps(text: str) -> int:
    if not re.fullmatch(r"\d{1,3}", text) or not 1 <= int(text) <= 240:
        raise ArgumentTypeError(f"{text!r} must be a whole number from 1 to 240")
    return int(text)
