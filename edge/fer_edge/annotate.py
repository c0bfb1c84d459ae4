"""Draws the faces that are followed, and what they express, onto a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .faces import Box
from .tracks import Track

FONT = cv2.FONT_HERSHEY_SIMPLEX
# Blue, green, red. A face keeps its colour for as long as it keeps its number, so that a mix-up is seen.
COLOURS = ((90, 220, 90), (60, 190, 255), (255, 190, 80), (200, 130, 255), (80, 240, 240), (235, 235, 120))
TEXT_HEIGHT = 0.045  # of the shorter side of the picture
SMALLEST_TEXT = 9  # pixels, so that it can be read in a small clip


class _Lettering(NamedTuple):
    """How text is set in one picture: the font's scale, and the thickness of lines, the gap around text, in pixels."""

    scale: float
    line: int
    gap: int


def draw(picture: NDArray[np.uint8], tracks: Sequence[Track], labels: Sequence[str], shrunk: float = 1.0) -> None:
    """Draw onto `picture`, uint8 [H,W,3] in blue, green, red, each track's box, number, emotion and its probability.

    shrunk: pixels of the picture that was searched, in which boxes are given, for a pixel of this one.
    """
    height, width = picture.shape[:2]
    text_height = max(SMALLEST_TEXT, TEXT_HEIGHT * min(height, width))
    line = max(1, round(text_height / 12))
    taken: list[Box] = []
    boxes = [Box(*(round(value / shrunk) for value in track.box)) for track in tracks]
    for track, box in zip(tracks, boxes, strict=True):
        cv2.rectangle(picture, box[:4], _colour(track), line, cv2.LINE_AA)
    for track, box in zip(tracks, boxes, strict=True):
        text = f"{track.number}: {labels[track.emotion]} {track.probabilities[track.emotion]:.0%}"
        lettering = _fit(text, text_height, line, width)
        plate = _place(box, _plate_size(text, lettering), (width, height), taken)
        taken.append(plate)
        _write(picture, text, plate, _colour(track), lettering)


def _colour(track: Track) -> tuple[int, int, int]:
    return COLOURS[(track.number - 1) % len(COLOURS)]


def _fit(text: str, text_height: float, line: int, width: int) -> _Lettering:
    """The lettering of that height in pixels, or a smaller one with which `text` is no wider than the picture."""
    scale = float(cv2.getFontScaleFromHeight(FONT, max(1, round(text_height)), line))
    gap = max(2, round(text_height / 4))
    needed = cv2.getTextSize(text, FONT, scale, line)[0][0]
    return _Lettering(scale * min(1.0, max(1, width - 2 * gap) / needed), line, gap)


def _plate_size(text: str, lettering: _Lettering) -> tuple[int, int]:
    (width, height), below = cv2.getTextSize(text, FONT, lettering.scale, lettering.line)
    return width + 2 * lettering.gap, height + below + 2 * lettering.gap


def _place(box: Box, size: tuple[int, int], picture: tuple[int, int], taken: Sequence[Box]) -> Box:
    """Where a label goes: above its box, else below, else within; the first place that covers no other label.

    Always within the picture, (width, height). When every place is taken, the one that covers least.
    """
    width, height = size
    left, right = box.x, box.x + box.w - width
    rows = (box.y - height, box.y + box.h, box.y, box.y + box.h - height)
    places = [
        Box(_within(x, picture[0] - width), y, width, height)
        for y in rows
        if 0 <= y <= picture[1] - height
        for x in (left, right)
    ] or [Box(_within(left, picture[0] - width), _within(box.y, picture[1] - height), width, height)]
    return min(places, key=lambda place: sum(place.overlap(other) for other in taken))


def _within(value: int, most: int) -> int:
    return max(0, min(value, most))


def _write(
    picture: NDArray[np.uint8], text: str, plate: Box, colour: tuple[int, int, int], lettering: _Lettering
) -> None:
    """The text in black on a plate of the colour: it can be read before any background."""
    cv2.rectangle(picture, plate[:4], colour, cv2.FILLED)
    below = cv2.getTextSize(text, FONT, lettering.scale, lettering.line)[1]
    foot = (plate.x + lettering.gap, plate.y + plate.h - lettering.gap - below)
    cv2.putText(picture, text, foot, FONT, lettering.scale, (0, 0, 0), lettering.line, cv2.LINE_AA)
