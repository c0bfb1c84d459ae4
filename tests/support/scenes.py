"""Frames of 640x480 with the shipped faces pasted in."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.detection.haar import HaarDetector
from fer_edge.geometry import Box

# The portraits with one frontal face, which the face network finds as well as the cascade.
PORTRAITS = ("astronaut.png", "luciano.png", "grace_hopper.bmp", "bryan.png", "neutral.jpeg", "angry.jpg")
MEDIA = Path(__file__).parents[1] / "media"
WIDTH, HEIGHT = 640, 480
MAX_PORTRAIT_SIDE = 512  # pixels; no face in a scene needs more

Picture = NDArray[np.uint8]


class Face(NamedTuple):
    """A face in a scene.

    Attributes:
        name: File of its portrait.
        x: Centre, pixels.
        y: Centre, pixels.
        size: Width, pixels.
        angle: How far the head is turned in the picture, degrees clockwise.
    """

    name: str
    x: float
    y: float
    size: float
    angle: float = 0.0

    @property
    def box(self) -> Box:
        """Where it is."""
        return Box(round(self.x - self.size / 2), round(self.y - self.size / 2), round(self.size), round(self.size))


def scene(*faces: Face, background: int = 120) -> Picture:
    """A frame with faces on a uniform grey."""
    return paste_faces(np.full((HEIGHT, WIDTH), background, np.uint8), faces)


def paste_faces(background: Picture, faces: Iterable[Face]) -> Picture:
    """A copy of the background, uint8 [480,640], with faces pasted in."""
    picture = background.astype(np.float32)
    for face in faces:
        _paste(picture, face)
    return picture.clip(0, 255).astype(np.uint8)


def read_grey(name: str) -> Picture:
    """A shipped picture, uint8 [H,W]; `name` is relative to tests/media."""
    return np.asarray(cv2.imread(str(MEDIA / name), cv2.IMREAD_GRAYSCALE), np.uint8)


@cache
def _portrait(name: str) -> tuple[NDArray[np.float32], Box]:
    """A portrait and the face in it."""
    grey = read_grey(f"faces/{name}")
    shrink = min(1.0, MAX_PORTRAIT_SIDE / max(grey.shape))
    grey = np.asarray(cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
    return grey.astype(np.float32), HaarDetector(0.1).detect(grey)[0]


def _paste(picture: NDArray[np.float32], face: Face) -> None:
    """Blend the head of a portrait into the picture."""
    portrait, box = _portrait(face.name)
    scale, turn = face.size / box.w, math.radians(face.angle)
    cos, sin, (x, y) = scale * math.cos(turn), scale * math.sin(turn), box.centre
    move = np.array(
        [
            [cos, -sin, face.x - (cos * x - sin * y)],
            [sin, cos, face.y - (sin * x + cos * y)],
        ]
    )
    softened = cv2.GaussianBlur(portrait, (0, 0), 0.4 / scale) if scale < 0.8 else portrait
    head = cv2.warpAffine(softened, move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    axes = (round(0.72 * face.size), round(0.9 * face.size))
    cv2.ellipse(mask, (round(face.x), round(face.y)), axes, face.angle, 0, 360, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), face.size / 16)
    picture += mask * (head - picture)
