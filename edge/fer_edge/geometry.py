"""Bounding boxes."""

from __future__ import annotations

import math
from typing import NamedTuple


class Box(NamedTuple):
    """A bounding box in a picture.

    Attributes:
        x: Left edge, pixels.
        y: Top edge, pixels.
        w: Width, pixels.
        h: Height, pixels.
    """

    x: int
    y: int
    w: int
    h: int

    @property
    def area(self) -> int:
        """Width times height, square pixels."""
        return self.w * self.h

    @property
    def centre(self) -> tuple[float, float]:
        """X and y of its centre, pixels."""
        return self.x + self.w / 2, self.y + self.h / 2

    def is_centred_in(self, width: int, height: int) -> bool:
        """Whether its centre lies inside a picture of this size, pixels."""
        x, y = self.centre
        return 0 <= x < width and 0 <= y < height

    def intersection(self, other: Box) -> int:
        """The area common to both boxes, square pixels."""
        width = min(self.x + self.w, other.x + other.w) - max(self.x, other.x)
        height = min(self.y + self.h, other.y + other.h) - max(self.y, other.y)
        return max(0, width) * max(0, height)

    def hull(self, other: Box) -> Box:
        """The smallest box around both."""
        left, top = min(self.x, other.x), min(self.y, other.y)
        right, bottom = max(self.x + self.w, other.x + other.w), max(self.y + self.h, other.y + other.h)
        return Box(left, top, right - left, bottom - top)

    def iou(self, other: Box) -> float:
        """Intersection over union with `other`, 0..1."""
        common = self.intersection(other)
        return common / (self.area + other.area - common)

    def translated(self, dx: float, dy: float) -> Box:
        """The box shifted by `dx` and `dy`, pixels."""
        return Box(round(self.x + dx), round(self.y + dy), self.w, self.h)

    def scaled(self, factor: float) -> Box:
        """The box scaled about its centre."""
        (x, y), w, h = self.centre, round(factor * self.w), round(factor * self.h)
        return Box(round(x - w / 2), round(y - h / 2), w, h)

    def padded(self, margin: int) -> Box:
        """The box with `margin` pixels added on each side."""
        return Box(self.x - margin, self.y - margin, self.w + 2 * margin, self.h + 2 * margin)

    def turned_corners(self, angle: float) -> list[tuple[float, float]]:
        """The corners of the box turned about its centre by `angle`, degrees clockwise, from the top left one on."""
        (x, y), cos, sin = self.centre, math.cos(math.radians(angle)), math.sin(math.radians(angle))
        halves = [(-self.w, -self.h), (self.w, -self.h), (self.w, self.h), (-self.w, self.h)]
        return [(x + (dx * cos - dy * sin) / 2, y + (dx * sin + dy * cos) / 2) for dx, dy in halves]

    def turned_bounds(self, angle: float) -> Box:
        """The upright bounding box of the box turned by `angle`, degrees clockwise; the box itself if that is 0."""
        xs, ys = zip(*self.turned_corners(angle), strict=True)
        left, top = math.floor(min(xs)), math.floor(min(ys))
        return Box(left, top, math.ceil(max(xs)) - left, math.ceil(max(ys)) - top)

    def clipped(self, width: int, height: int) -> Box:
        """The part of the box inside a picture of this size; without area if the box is outside."""
        left, top = min(max(self.x, 0), width), min(max(self.y, 0), height)
        right, bottom = min(max(self.x + self.w, left), width), min(max(self.y + self.h, top), height)
        return Box(left, top, right - left, bottom - top)
