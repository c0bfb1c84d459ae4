"""Hides faces in pictures, also those that are found only later, or that were lost a moment ago."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

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


@dataclass
class _Sample:
    """A picture and what is known about the faces in it.

    Attributes:
        time: When it was taken, seconds.
        faces: Where faces may be.
        picture: None once it has been passed on.
    """

    time: float
    faces: PossibleFaces
    picture: FramePicture | None


class BlurDelay:
    """Delays pictures and hides the faces in them.

    A new face is found only after some frames: a frame is scanned in parts, and a face has to be confirmed. Until then
    it is visible, so a picture waits for DELAY, and what is found meanwhile is hidden in it, too. To know of lost faces
    as well, the pictures of the first HOLD seconds are dropped.
    """

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque()
        self._began = self._interval = 0.0

    def add(
        self, time: float, picture: FramePicture, faces: PossibleFaces, zones: Sequence[Zone] = ()
    ) -> list[FramePicture]:
        """Add the picture taken at `time`, seconds, with all possible faces in it.

        Returns:
            Earlier pictures, with their faces and the ignored zones hidden.
        """
        interval = time - self._samples[-1].time if self._samples else 0.0
        if not self._samples or interval > max(DELAY, 2 * self._interval):
            # The frames were interrupted, and what is known of the faces with them.
            self._samples.clear()
            self._began = time
        self._interval = interval
        while self._samples and not self._samples[0].picture and self._samples[0].time < time - DELAY - HOLD:
            self._samples.popleft()
        is_complete = time - self._began >= HOLD
        # Its pixels are scaled down now: the camera's own would fill the memory meanwhile.
        self._samples.append(_Sample(time, faces, picture.load() if is_complete else None))
        due = [sample for sample in self._samples if sample.picture and sample.time <= time - DELAY]
        return [self._release(sample, zones) for sample in due]

    def _release(self, sample: _Sample, zones: Sequence[Zone]) -> FramePicture:
        picture, sample.picture = sample.picture, None
        assert picture  # noqa: S101 - of a sample that is due
        known: dict[Hashable, dict[float, Box]] = defaultdict(dict)
        for other in self._samples:
            for track, box in other.faces.items():
                known[track][other.time] = box
        areas = [_estimate(boxes, sample.time) for boxes in known.values()]
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
