"""Runs that write an annotated copy, and what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.support.processes import run

from fer_edge.geometry import Box
from fer_edge.tracking.track import TrackedFace

LABELS = ("happy", "neutral")
MAX_DRAWN_ANGLE, ANGLE_STEP = 45.0, 0.5  # degrees


def tracked_face(number: int, box: Box, emotion: int | None = 0, angle: float = 0.0) -> TrackedFace:
    return TrackedFace(number, box, emotion, np.array([0.75, 0.25], np.float32), angle=angle)


def annotate(camera: Path, out: Path) -> tuple[int, str, list[dict[str, Any]]]:
    """Run `fer-edge --annotate`: its exit code, stderr and events."""
    done = run("fer_edge", "--camera", camera, "--mqtt", "none", "--print", "--annotate", out)
    return done.code, done.err, done.events


def error_lines(stderr: str) -> list[str]:
    """The lines of the command itself; the runtime of the network may log, too."""
    return [line for line in stderr.splitlines() if line.startswith("fer-edge: ")]


def read_clip(path: Path) -> list[NDArray[np.uint8]]:
    """The frames of a clip or GIF, uint8 [H,W,3]."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    frames = []
    while (step := capture.read())[0]:
        frames.append(np.asarray(step[1], np.uint8))
    return frames


def colour_share(colour: tuple[int, int, int], pixels: NDArray[np.uint8], tolerance: int = 60) -> float:
    """The share of pixels [N,3] that have about this colour; the compression of a video changes it a little."""
    return float((np.abs(pixels.astype(int) - colour).max(axis=-1) <= tolerance).mean())


def left_side_share(
    colour: tuple[int, int, int], picture: NDArray[np.uint8], box: list[float], tolerance: int = 60
) -> float:
    """The share of the left side of a drawn box that has about this colour.

    The box is drawn turned by the angle of the face, which an event does not contain: of all angles, the one with the
    largest share counts.

    Args:
        colour: Blue, green, red.
        picture: The annotated picture, uint8 [H,W,3].
        box: The box of an event, fractions of the picture.
        tolerance: Of each channel, since the compression of a video changes it a little.
    """
    height, width = picture.shape[:2]
    x, y, w, h = (round(side * size) for side, size in zip(box, (width, height) * 2, strict=True))
    matching = (np.abs(picture.astype(int) - colour).max(axis=-1) <= tolerance).astype(np.uint8)
    drawn = cv2.dilate(matching, np.ones((3, 3), np.uint8))  # a turned line lies between pixels
    shares = []
    for angle in np.arange(-MAX_DRAWN_ANGLE, MAX_DRAWN_ANGLE, ANGLE_STEP):
        (right, top), _, _, (left, bottom) = Box(x, y, w - 1, h - 1).turned_corners(float(angle))
        columns, rows = (np.linspace(*ends, h).round().astype(int) for ends in ((right, left), (top, bottom)))
        inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
        shares.append(float(drawn[rows[inside], columns[inside]].sum()) / h)
    return max(shares)
