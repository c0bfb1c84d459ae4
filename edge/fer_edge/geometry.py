"""Boxes in a picture."""

from __future__ import annotations

from typing import NamedTuple


class Box(NamedTuple):
    """A bounding box: left and top corner, width and height, pixels."""

    x: int
    y: int
    w: int
    h: int

    @property
    def area(self) -> int:
        """Width times height, square pixels."""
        return self.w * self.h

    def iou(self, other: Box) -> float:
        """Intersection over union with `other`, 0..1."""
        width = min(self.x + self.w, other.x + other.w) - max(self.x, other.x)
        height = min(self.y + self.h, other.y + other.h) - max(self.y, other.y)
        common = max(0, width) * max(0, height)
        return common / (self.area + other.area - common)

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle, pixels."""
        return self.x + self.w / 2, self.y + self.h / 2

    def translated(self, dx: float, dy: float) -> Box:
        """The same box elsewhere."""
        return Box(round(self.x + dx), round(self.y + dy), self.w, self.h)

    def scaled(self, times: float) -> Box:
        """A box around the same centre, `times` as wide and high."""
        (x, y), w, h = self.centre, round(times * self.w), round(times * self.h)
        return Box(round(x - w / 2), round(y - h / 2), w, h)

    def padded(self, margin: int) -> Box:
        """A box larger by so many pixels on each side."""
        return Box(self.x - margin, self.y - margin, self.w + 2 * margin, self.h + 2 * margin)

    def clipped(self, width: int, height: int) -> Box:
        """The part of it that lies in a picture of this size; of no width or height when it lies outside."""
        left, top = min(max(self.x, 0), width), min(max(self.y, 0), height)
        right, bottom = min(max(self.x + self.w, left), width), min(max(self.y + self.h, top), height)
        return Box(left, top, right - left, bottom - top)
