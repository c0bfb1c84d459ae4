"""Draws tracked faces with their emotions, and zones, on a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.frame import Frame
from fer_edge.geometry import Box
from fer_edge.tracking.track import TrackedFace
from fer_edge.zones import Zone

FONT = cv2.FONT_HERSHEY_SIMPLEX
# Blue, green, red. The colour depends on the track number, so that swapped tracks are visible.
COLOURS = ((90, 220, 90), (60, 190, 255), (255, 190, 80), (200, 130, 255), (80, 240, 240), (235, 235, 120))
TEXT_HEIGHT = 0.035  # of the shorter side of the picture
MIN_TEXT_HEIGHT = 9  # pixels; smaller text is illegible
TEXT_HEIGHT_PER_LINE_WIDTH = 9
TEXT_HEIGHT_PER_GAP = 4
SUBPIXEL_BITS = 4  # of the coordinates of a turned outline
ZONE_COLOUR = (255, 255, 255)
IGNORED_BRIGHTNESS = 0.4  # of the picture in an ignored zone

Picture = NDArray[np.uint8]  # [H,W,3], blue, green, red


class Annotator:
    """Draws the zones and the faces of a frame on the colour picture that it was made from."""

    def __init__(
        self,
        labels: Sequence[str],
        orient: Callable[[Picture], Picture] | None = None,
        zones: Sequence[Zone] = (),
    ) -> None:
        """`labels` are in the order of the probabilities; `orient` is how the camera rotates and flips a picture."""
        self._labels, self._orient, self._zones = labels, orient, zones

    def annotate(self, picture: Picture, frame: Frame, faces: Sequence[TrackedFace]) -> Picture:
        """The oriented picture with zones and faces drawn on it."""
        if self._orient:
            picture = self._orient(picture)
        draw_zones(picture, self._zones)
        draw_faces(picture, faces, self._labels, frame.grey.shape[1] / picture.shape[1])
        return picture


class _TextStyle(NamedTuple):
    """How text is drawn in one picture.

    Attributes:
        scale: Scale of the font.
        line: Width of lines, pixels.
        gap: Space around the text, pixels.
    """

    scale: float
    line: int
    gap: int


class _Outline(NamedTuple):
    """Where a face is drawn.

    Attributes:
        box: Its box before it is turned, pixels of the picture.
        angle: By how much it is turned about its centre, degrees clockwise.
    """

    box: Box
    angle: float

    @property
    def bounds(self) -> Box:
        """The upright box around the turned one."""
        return self.box.turned_bounds(self.angle)

    def covered_area(self, place: Box) -> int:
        """The area of the face that a label at this place covers, square pixels."""
        if not self.angle:
            return self.box.intersection(place)
        face, label = (np.array(box.turned_corners(angle), np.float32) for box, angle in (self, (place, 0.0)))
        return round(cv2.intersectConvexConvex(face, label)[0])


def draw_faces(picture: Picture, faces: Sequence[TrackedFace], labels: Sequence[str], frame_scale: float = 1.0) -> None:
    """Draw each face's box, turned as its head is tilted, and its track number, emotion and score.

    Args:
        picture: The picture to draw on.
        faces: The faces, with boxes in pixels of the frame.
        labels: The emotions, in the order of the probabilities.
        frame_scale: Width of the frame as a multiple of the width of the picture.
    """
    height, width = picture.shape[:2]
    text_height = max(MIN_TEXT_HEIGHT, TEXT_HEIGHT * min(height, width))
    line = max(1, round(text_height / TEXT_HEIGHT_PER_LINE_WIDTH))
    outlines = [_Outline(Box(*(round(value / frame_scale) for value in face.box)), face.angle) for face in faces]
    for face, outline in zip(faces, outlines, strict=True):
        _draw_outline(picture, outline, _colour(face), line)
    plates: list[Box] = []
    for face, outline in zip(faces, outlines, strict=True):
        text = f"{face.number}: {_describe(face, labels)}"
        style = _fit_text(text, text_height, line, width)
        places = _label_places(outline, _plate_size(text, style), (width, height))
        plate = _least_covering(places, plates, outline, [other.bounds for other in outlines if other is not outline])
        plates.append(plate)
        _draw_label(picture, text, plate, _colour(face), style)


def draw_zones(picture: Picture, zones: Sequence[Zone]) -> None:
    """Draw a thin outline around each zone, and its name inside; ignored zones are dimmed."""
    height, width = picture.shape[:2]
    for zone in zones:
        corners = np.rint(np.array(zone.polygon) * (width - 1, height - 1)).astype(np.int32)
        if zone.ignored:
            mask = np.zeros((height, width), np.uint8)
            cv2.fillPoly(mask, [corners], (1,))
            picture[mask > 0] = (IGNORED_BRIGHTNESS * picture[mask > 0]).astype(np.uint8)
        cv2.polylines(picture, [corners], True, ZONE_COLOUR, 1, cv2.LINE_AA)
        x, y, w, _ = cv2.boundingRect(corners)
        style = _fit_text(zone.name, max(MIN_TEXT_HEIGHT, TEXT_HEIGHT * min(height, width)), 1, w)
        plate_width, plate_height = _plate_size(zone.name, style)
        place = Box(x, _clamp(y, height - plate_height), plate_width, plate_height)
        _draw_text(picture, zone.name, place, (0, 0, 0), style._replace(line=3))  # legible on any background
        _draw_text(picture, zone.name, place, ZONE_COLOUR, style)


def _describe(face: TrackedFace, labels: Sequence[str]) -> str:
    return "unsure" if face.emotion is None else f"{labels[face.emotion]} {face.score:.0%}"


def _colour(face: TrackedFace) -> tuple[int, int, int]:
    return COLOURS[(face.number - 1) % len(COLOURS)]


def _draw_outline(picture: Picture, outline: _Outline, colour: tuple[int, int, int], line: int) -> None:
    box = outline.box
    if not outline.angle:
        cv2.rectangle(picture, box[:4], colour, line, cv2.LINE_AA)
        return
    # From the centre of the first pixel to that of the last, as cv2.rectangle does.
    corners = Box(box.x, box.y, box.w - 1, box.h - 1).turned_corners(outline.angle)
    points = np.rint(np.array(corners) * (1 << SUBPIXEL_BITS)).astype(np.int32)
    cv2.polylines(picture, [points], True, colour, line, cv2.LINE_AA, SUBPIXEL_BITS)


def _fit_text(text: str, text_height: float, line: int, width: int) -> _TextStyle:
    """The style for text of that height, pixels, or less if it would be wider than the picture."""
    scale = float(cv2.getFontScaleFromHeight(FONT, max(1, round(text_height)), line))
    gap = max(2, round(text_height / TEXT_HEIGHT_PER_GAP))
    text_width = cv2.getTextSize(text, FONT, scale, line)[0][0]
    return _TextStyle(scale * min(1.0, max(1, width - 2 * gap) / text_width), line, gap)


def _plate_size(text: str, style: _TextStyle) -> tuple[int, int]:
    """Width and height of the filled rectangle behind a text, pixels."""
    (width, height), descent = cv2.getTextSize(text, FONT, style.scale, style.line)
    return width + 2 * style.gap, height + descent + 2 * style.gap


def _label_places(outline: _Outline, size: tuple[int, int], picture: tuple[int, int]) -> list[Box]:
    """Where the label of a face can be within the picture, the best place first.

    That is above its bounds, else below them, else inside; aligned with their left or their right side.

    Args:
        outline: The face.
        size: Width and height of the label, pixels.
        picture: Width and height of the picture, pixels.
    """
    width, height = size
    # A turned face leaves the corners of its bounds free: a label fits there even at the edge of the picture.
    box = outline.bounds.clipped(*picture) if outline.angle else outline.box
    rows = (box.y - height, box.y + box.h, box.y, box.y + box.h - height)
    columns = [_clamp(x, picture[0] - width) for x in (box.x, box.x + box.w - width)]
    places = [Box(x, y, width, height) for y in rows if 0 <= y <= picture[1] - height for x in columns]
    return places or [Box(columns[0], _clamp(box.y, picture[1] - height), width, height)]


def _least_covering(places: Sequence[Box], plates: Sequence[Box], own: _Outline, others: Sequence[Box]) -> Box:
    """The first of the places that cover the least of other labels, then of other faces, then of the label's own."""
    return min(
        places,
        key=lambda place: (_covered_area(place, plates), _covered_area(place, others), own.covered_area(place)),
    )


def _covered_area(place: Box, others: Sequence[Box]) -> int:
    return sum(place.intersection(other) for other in others)


def _clamp(value: int, maximum: int) -> int:
    return max(0, min(value, maximum))


def _draw_label(picture: Picture, text: str, plate: Box, colour: tuple[int, int, int], style: _TextStyle) -> None:
    """Black text on a filled rectangle of the colour is legible on any background."""
    cv2.rectangle(picture, plate[:4], colour, cv2.FILLED)
    _draw_text(picture, text, plate, (0, 0, 0), style)


def _draw_text(picture: Picture, text: str, plate: Box, colour: tuple[int, int, int], style: _TextStyle) -> None:
    descent = cv2.getTextSize(text, FONT, style.scale, style.line)[1]
    origin = (plate.x + style.gap, plate.y + plate.h - style.gap - descent)
    cv2.putText(picture, text, origin, FONT, style.scale, colour, style.line, cv2.LINE_AA)
