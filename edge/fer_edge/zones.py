"""Zones: named areas of the frame, and the one that a face belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

from fer_edge.geometry import Box

KEPT_MARGIN = 0.1  # of the width of a face: so far outside its zone it still belongs to it, or the zone would flicker

Point = tuple[float, float]  # x and y as fractions of the frame


@dataclass(frozen=True)
class Zone:
    """A named area of the frame.

    Attributes:
        name: Its name, unique among the zones.
        polygon: Its corners, in order; its edges do not cross.
        ignored: Whether faces in it are neither searched for nor reported.
    """

    name: str
    polygon: tuple[Point, ...]
    ignored: bool = False

    def contains(self, x: float, y: float) -> bool:
        """Whether a point is inside; a point on the border of two adjacent zones is in one of them only."""
        inside = False
        for edge in pairwise([*self.polygon, self.polygon[0]]):
            # A ray from the point to the right crosses the border an odd number of times. An edge is always computed
            # from its upper end, so that two zones that share it agree.
            (x1, y1), (x2, y2) = sorted(edge, key=itemgetter(1))
            if y1 <= y < y2 and x < x1 + (x2 - x1) * (y - y1) / (y2 - y1):
                inside = not inside
        return inside


def find_zone(zones: Sequence[Zone], box: Box, frame_size: tuple[int, int], previous: str | None = None) -> Zone | None:
    """The zone in which the centre of a face's box lies: an ignored one, else the first; None outside all.

    Args:
        zones: In the order of the configuration file.
        box: The face, pixels. Of a box that exceeds the frame, the part inside counts, as in events.
        frame_size: Width and height of the frame, pixels.
        previous: Name of the zone that the face was in, which it leaves only beyond KEPT_MARGIN.
    """
    if not zones:
        return None
    width, height = frame_size
    inside = box.clipped(width, height)
    kept = inside.scaled(2 * KEPT_MARGIN).turned_corners(0)
    found = []
    for zone in zones:
        points = [inside.centre, *kept] if zone.name == previous else [inside.centre]
        if any(zone.contains(x / width, y / height) for x, y in points):
            found.append(zone)
    return next((zone for zone in found if zone.ignored), found[0] if found else None)


def is_ignored(zones: Sequence[Zone], box: Box, frame_size: tuple[int, int]) -> bool:
    """Whether a face is in an ignored zone; see find_zone."""
    zone = find_zone(zones, box, frame_size)
    return zone is not None and zone.ignored
