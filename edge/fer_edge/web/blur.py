"""Hides faces in pictures, also those that are found only later, or that were lost a moment ago."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np

from fer_edge.geometry import Box
from fer_edge.web.frame_picture import FramePicture
from fer_edge.zones import Zone

DELAY = 1.5  # seconds by which pictures are delayed, since a face is mostly found within this time
HOLD = 1.0  # seconds for which the place of a lost face remains hidden
MARGIN = 1.8  # size of the hidden area as a multiple of the box of the face, to include hair and chin
GROWTH = 1.0  # by how much that factor grows per second before the face is found or after it is lost
VELOCITY_TIME = 0.5  # seconds over which the velocity of a face is measured
ZONE_MARGIN = 0.1  # of the frame's height, around ignored zones, where nobody searches for faces

PossibleFaces = Mapping[Hashable, Box]  # by track; pixels of the frame


class BlurDelay:
    """Delays pictures and hides the faces in them.

    A new face is found only after some frames: a frame is scanned in parts, and a face has to be confirmed. Until then
    it is visible, so a picture waits for DELAY, and what is found meanwhile is hidden in it, too. To know of lost faces
    as well, the pictures of the first HOLD seconds are dropped.
    """

    def __init__(self) -> None:
        self._faces: deque[tuple[float, PossibleFaces]] = deque()  # by time, seconds
        self._pictures: deque[tuple[float, FramePicture]] = deque()  # that wait
        self._began = self._interval = 0.0

    def add(
        self, time: float, picture: FramePicture, faces: PossibleFaces, zones: Sequence[Zone] = ()
    ) -> list[FramePicture]:
        """Add the picture taken at `time`, seconds, with all possible faces in it.

        Returns:
            Earlier pictures, with their faces and the ignored zones hidden.
        """
        interval = time - self._faces[-1][0] if self._faces else 0.0
        if not self._faces or interval > max(DELAY, 2 * self._interval):
            # The frames were interrupted, and what is known of the faces with them.
            self._faces.clear()
            self._pictures.clear()
            self._began = time
        self._interval = interval
        oldest = min([time - DELAY - HOLD, *(taken for taken, _ in self._pictures)])
        while self._faces and self._faces[0][0] < oldest:
            self._faces.popleft()
        self._faces.append((time, faces))
        if time - self._began >= HOLD:
            # Its pixels are scaled down now: the camera's own would fill the memory meanwhile.
            self._pictures.append((time, picture.load()))
        due = []
        while self._pictures and self._pictures[0][0] <= time - DELAY:
            due.append(self._hide(*self._pictures.popleft(), zones))
        return due

    def _hide(self, time: float, picture: FramePicture, zones: Sequence[Zone]) -> FramePicture:
        known: dict[Hashable, dict[float, Box]] = defaultdict(dict)
        for other, faces in self._faces:
            for track, box in faces.items():
                known[track][other] = box
        areas = [_estimate(boxes, time) for boxes in known.values()]
        return picture.hide([*areas, *_ignored_areas(zones, picture.size)])


def _estimate(boxes: Mapping[float, Box], time: float) -> Box:
    """The area in which a face was at a time, seconds, from its boxes at other times."""
    nearest = min(boxes, key=lambda known: abs(known - time))
    box, elapsed = boxes[nearest], time - nearest
    start = max((known for known in boxes if abs(known - nearest) <= VELOCITY_TIME), key=lambda at: abs(at - nearest))
    if elapsed and start != nearest:
        (x, y), (start_x, start_y) = box.centre, boxes[start].centre
        share = elapsed / (nearest - start)
        box = box.hull(box.translated(share * (x - start_x), share * (y - start_y)))
    return box.scaled(MARGIN + GROWTH * abs(elapsed))


def _ignored_areas(zones: Iterable[Zone], size: tuple[int, int]) -> list[Box]:
    """The bounds of the ignored zones with a margin, in pixels of a frame of this width and height."""
    areas = []
    for zone in zones:
        if zone.ignored:
            corners = np.array(zone.polygon) * size
            (left, top), (right, bottom) = corners.min(axis=0).astype(int), np.ceil(corners.max(axis=0)).astype(int)
            areas.append(Box(left, top, right - left, bottom - top).padded(round(ZONE_MARGIN * size[1])))
    return areas
