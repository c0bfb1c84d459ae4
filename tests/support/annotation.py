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


def tracked_face(number: int, box: Box, emotion: int = 0) -> TrackedFace:
    return TrackedFace(number, box, emotion, np.array([0.75, 0.25], np.float32))


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


def left_side(picture: NDArray[np.uint8], box: list[float]) -> NDArray[np.uint8]:
    """The pixels of the left side of an event's box, without its corners."""
    height, width = picture.shape[:2]
    x, y, h = round(box[0] * width), round(box[1] * height), round(box[3] * height)
    return picture[y + h // 4 : y + 3 * h // 4, x]
