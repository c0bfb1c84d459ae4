"""Draws the faces that are followed, and what they express, onto a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.geometry import Box
from fer_edge.tracking.track import TrackedFace

FONT = cv2.FONT_HERSHEY_SIMPLEX
# Blue, green, red. A face keeps its colour for as long as it keeps its number, so that a mix-up is seen.
COLOURS = ((90, 220, 90), (60, 190, 255), (255, 190, 80), (200, 130, 255), (80, 240, 240), (235, 235, 120))
TEXT_HEIGHT = 0.035  # of the shorter side of the picture
SMALLEST_TEXT = 9  # pixels, so that it can be read in a small clip


class _Lettering(NamedTuple):
    """How text is set in one picture: the font's scale, and the thickness of lines, the gap around text, in pixels."""

    scale: float
    line: int
    gap: int


def draw(picture: NDArray[np.uint8], tracks: Sequence[TrackedFace], labels: Sequence[str], shrunk: float = 1.0) -> None:
    """Draw onto `picture`, uint8 [H,W,3] in blue, green, red, each track's box, number, emotion and its probability.

    shrunk: pixels of the picture that was searched, in which boxes are given, for a pixel of this one.
    """
    height, width = picture.shape[:2]
    text_height = max(SMALLEST_TEXT, TEXT_HEIGHT * min(height, width))
    line = max(1, round(text_height / 9))
    plates: list[Box] = []
    boxes = [Box(*(round(value / shrunk) for value in track.box)) for track in tracks]
    for track, box in zip(tracks, boxes, strict=True):
        cv2.rectangle(picture, box[:4], _colour(track), line, cv2.LINE_AA)
    for track, box in zip(tracks, boxes, strict=True):
        text = f"{track.number}: {labels[track.emotion]} {track.probabilities[track.emotion]:.0%}"
        lettering = _fit(text, text_height, line, width)
        places = _places(box, _plate_size(text, lettering), (width, height))
        plate = _freest(places, plates, [other for other in boxes if other is not box])
        plates.append(plate)
        _write(picture, text, plate, _colour(track), lettering)


def _colour(track: TrackedFace) -> tuple[int, int, int]:
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


def _places(box: Box, size: tuple[int, int], picture: tuple[int, int]) -> list[Box]:
    """Where a label of that size, (width, height), may go within the picture, (width, height); the best place first.

    Above its box, else below, else within, flush with the left or the right side.
    """
    width, height = size
    rows = (box.y - height, box.y + box.h, box.y, box.y + box.h - height)
    columns = [_within(x, picture[0] - width) for x in (box.x, box.x + box.w - width)]
    places = [Box(x, y, width, height) for y in rows if 0 <= y <= picture[1] - height for x in columns]
    return places or [Box(columns[0], _within(box.y, picture[1] - height), width, height)]


def _freest(places: Sequence[Box], plates: Sequence[Box], faces: Sequence[Box]) -> Box:
    """The first of the places that cover the least of other labels, and then the least of other faces."""
    return min(places, key=lambda place: (_covered(place, plates), _covered(place, faces)))


def _covered(place: Box, others: Sequence[Box]) -> int:
    """How much of the others a label would cover, square pixels."""
    return sum(
        max(0, min(place.x + place.w, other.x + other.w) - max(place.x, other.x))
        * max(0, min(place.y + place.h, other.y + other.h) - max(place.y, other.y))
        for other in others
    )


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
