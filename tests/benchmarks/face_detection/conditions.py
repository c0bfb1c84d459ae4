"""What makes a face hard to find: its turn, its size, light, blur, and what covers it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.benchmarks.face_detection.clips import HEIGHT, WIDTH
from tests.benchmarks.face_detection.portraits import Portrait, TrueFace

NOISE = 1.0  # grey levels, standard deviation
DARK_SIDE = 0.15  # light on the darker side of a face that is lit from one side
MASK_GREY, GLASSES_GREY, HAND_GREY = 190, 25, 150
# Where things are in the upright square of a face, in its widths from its centre: see WIDTH_BY_EYES_TO_MOUTH.
EYES_Y, MOUTH_Y = -0.1, 0.29
EYE_X = 0.19

Pixels = NDArray[np.float32]
Effect = Callable[[Pixels, TrueFace], Pixels]


@dataclass(frozen=True)
class Condition:
    """How a portrait is changed.

    Attributes:
        turn: Degrees clockwise.
        size: Of the picture, by the largest that fits the frame.
        light: Factor of the grey levels.
        noise: Standard deviation of the noise added to each frame, grey levels.
        effect: Applied to the frame before it is darkened.
        target: Least share of the faces that have to be found, percent; None if there is no target.
    """

    turn: float = 0.0
    size: float = 1.0
    light: float = 1.0
    noise: float = NOISE
    effect: Effect | None = None
    target: int | None = None

    def apply(self, portrait: Portrait) -> tuple[Pixels, TrueFace]:
        """A portrait as a frame, float32 [480,640] without noise, and where the face is in it."""
        frame, face = letterbox(portrait, self.turn, self.size)
        if self.effect:
            frame = self.effect(frame, face)
        return frame * self.light, face


def letterbox(portrait: Portrait, turn: float, size: float) -> tuple[Pixels, TrueFace]:
    """Turn a picture and fit all of it into a black frame, so that a turned picture is smaller.

    Args:
        portrait: The picture.
        turn: Degrees clockwise.
        size: Of the picture, by the largest that fits the frame, 0..1.

    Returns:
        The frame, float32 [480,640], and where the face is in it.
    """
    picture, face = portrait.picture.astype(np.float32), portrait.face
    height, width = picture.shape
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    turned_width, turned_height = width * abs(cos) + height * abs(sin), width * abs(sin) + height * abs(cos)
    scale = size * min(WIDTH / turned_width, HEIGHT / turned_height)
    if scale < 1:  # warpAffine does not average
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = np.asarray(cv2.resize(picture, small, interpolation=cv2.INTER_AREA), np.float32)
        reduced = small[0] / width
    else:
        reduced = 1.0
    turned = scale * np.array([[cos, -sin], [sin, cos]])
    shift = np.array([WIDTH / 2, HEIGHT / 2]) - turned @ (width / 2, height / 2)
    frame = cv2.warpAffine(picture, np.hstack((turned / reduced, shift[:, None])), (WIDTH, HEIGHT))
    x, y = turned @ (face.x, face.y) + shift
    return np.asarray(frame, np.float32), TrueFace(x, y, scale * face.side, face.angle + turn)


def side_light(frame: Pixels, face: TrueFace) -> Pixels:
    """The face lit from the right."""
    across = (np.arange(WIDTH, dtype=np.float32) - face.x) / (face.side / 6)
    light = DARK_SIDE + (1 - DARK_SIDE) / (1 + np.exp(-across.clip(-30, 30)))
    return np.asarray(frame * light, np.float32)


def blurred(sigma: float) -> Effect:
    """A blur; `sigma` is in 48ths of the width of the face, which are pixels of the network's input."""
    return lambda frame, face: np.asarray(cv2.GaussianBlur(frame, (0, 0), sigma * face.side / 48), np.float32)


def mask(frame: Pixels, face: TrueFace) -> Pixels:
    """A medical mask over nose and mouth."""
    outline = [(-0.36, 0.06), (0, 0.0), (0.36, 0.06), (0.33, 0.36), (0.16, 0.54), (-0.16, 0.54), (-0.33, 0.36)]
    frame = _filled(frame, face, outline, MASK_GREY)
    for y in (0.16, 0.26, 0.36):
        frame = _line(frame, face, (-0.3, y), (0.3, y), 0.015, MASK_GREY - 25)
    for side in (-1, 1):
        frame = _line(frame, face, (side * 0.35, 0.1), (side * 0.48, 0.0), 0.02, MASK_GREY)
    return frame


def dark_glasses(frame: Pixels, face: TrueFace) -> Pixels:
    """Sunglasses."""
    for side in (-1, 1):
        frame = _ellipse(frame, face, (side * EYE_X, EYES_Y + 0.02), (0.16, 0.12), 0, GLASSES_GREY)
        frame = _line(frame, face, (side * 0.33, EYES_Y), (side * 0.48, EYES_Y), 0.03, GLASSES_GREY)
    return _line(frame, face, (-0.06, EYES_Y), (0.06, EYES_Y), 0.03, GLASSES_GREY)


def hand_over_mouth(frame: Pixels, face: TrueFace) -> Pixels:
    """Four fingers across the mouth."""
    return _hand(frame, face, (0.05, MOUTH_Y + 0.02))


def hand_over_eye(frame: Pixels, face: TrueFace) -> Pixels:
    """Four fingers across one eye."""
    return _hand(frame, face, (EYE_X + 0.06, EYES_Y + 0.02))


def _hand(frame: Pixels, face: TrueFace, centre: tuple[float, float]) -> Pixels:
    x, y = centre
    for finger in range(4):
        at = (x + 0.02 * finger, y + 0.085 * (finger - 1.5))
        frame = _ellipse(frame, face, at, (0.25, 0.06), -12, HAND_GREY - 45)  # the gap between two fingers
        frame = _ellipse(frame, face, at, (0.24, 0.045), -12, HAND_GREY)
    return frame


def _point(face: TrueFace, at: tuple[float, float]) -> tuple[int, int]:
    """A point of the upright square of the face, in pixels of the frame."""
    cos, sin = math.cos(math.radians(face.angle)), math.sin(math.radians(face.angle))
    (x, y), side = at, face.side
    return round(face.x + side * (x * cos - y * sin)), round(face.y + side * (x * sin + y * cos))


def _filled(frame: Pixels, face: TrueFace, outline: list[tuple[float, float]], grey: float) -> Pixels:
    points = np.array([_point(face, at) for at in outline], np.int32)
    return np.asarray(cv2.fillPoly(frame.copy(), [points], (grey,)), np.float32)


def _line(
    frame: Pixels, face: TrueFace, start: tuple[float, float], end: tuple[float, float], width: float, grey: float
) -> Pixels:
    thickness = max(1, round(width * face.side))
    return np.asarray(cv2.line(frame.copy(), _point(face, start), _point(face, end), (grey,), thickness), np.float32)


def _ellipse(
    frame: Pixels, face: TrueFace, centre: tuple[float, float], axes: tuple[float, float], angle: float, grey: float
) -> Pixels:
    sizes = (max(1, round(axes[0] * face.side)), max(1, round(axes[1] * face.side)))
    drawn = cv2.ellipse(frame.copy(), _point(face, centre), sizes, face.angle + angle, 0, 360, (grey,), -1)
    return np.asarray(drawn, np.float32)


TURN_TARGETS = {20: 94, 30: 88, 45: 75}  # percent of the faces, by degrees either way
CONDITIONS = {
    "as they are": Condition(target=100),
    **{
        f"turned by {turn:+d}": Condition(turn=turn, target=TURN_TARGETS.get(abs(turn)))
        for turn in (10, -10, 20, -20, 30, -30, 45, -45)
    },
    "half the size": Condition(size=1 / 2),
    "a quarter of the size": Condition(size=1 / 4, target=88),
    "half the light": Condition(light=1 / 2),
    "a fifth of the light": Condition(light=1 / 5, target=94),
    "a fifth, without noise": Condition(light=1 / 5, noise=0.0),
    "a tenth of the light": Condition(light=1 / 10, target=80),
    "a tenth, without noise": Condition(light=1 / 10, noise=0.0),
    "side light": Condition(effect=side_light, target=94),
    "blurred by 1/48": Condition(effect=blurred(1.0)),
    "blurred by 1.5/48": Condition(effect=blurred(1.5)),
    "medical mask": Condition(effect=mask),
    "dark glasses": Condition(effect=dark_glasses),
    "hand over the mouth": Condition(effect=hand_over_mouth),
    "hand over an eye": Condition(effect=hand_over_eye),
}
