"""A picture in several sizes, as cheap as they come."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.geometry import Box

GREY = 128


@dataclass(frozen=True)
class Window:
    """A piece of a picture, shrunk: pixels uint8 [h,w], its corner in the picture, and how many times it is smaller."""

    pixels: NDArray[np.uint8]
    x: int
    y: int
    shrink: float

    def box(self, x: float, y: float, w: float, h: float) -> Box:
        """A box in this window, in pixels of the picture."""
        k = self.shrink
        return Box(round(self.x + k * x), round(self.y + k * y), round(k * w), round(k * h))

    def covered(self, boxes: Iterable[Box]) -> NDArray[np.uint8]:
        """The pixels, and grey where one of these boxes of the picture lies."""
        pixels, k = self.pixels.copy(), self.shrink
        for box in boxes:
            left, top = (
                max(0, round((side - corner) / k)) for side, corner in zip(box, (self.x, self.y), strict=False)
            )
            right, bottom = round((box.x + box.w - self.x) / k), round((box.y + box.h - self.y) / k)
            pixels[top : max(0, bottom), left : max(0, right)] = GREY
        return pixels


class Pyramid:
    """A grey picture, uint8 [H,W], and its halves, each made when it is first asked for.

    Halving costs a fiftieth of what shrinking by any other number costs, and the mean of four pixels has no alias.
    """

    def __init__(self, grey: NDArray[np.uint8]) -> None:
        self._levels = [grey]
        self.height, self.width = grey.shape

    def level(self, number: int) -> NDArray[np.uint8]:
        """The picture halved `number` times; less often when it is too small."""
        while len(self._levels) <= number:
            last = self._levels[-1]
            height, width = (side // 2 for side in last.shape)
            if not height or not width:
                return last
            even = last[: 2 * height, : 2 * width]
            self._levels.append(np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8))
        return self._levels[number]

    def window(self, box: Box, shrink: float) -> Window | None:
        """What lies in `box`, `shrink` times smaller, or as it is for less than 1; None when that is nothing."""
        shrink = max(1.0, shrink)
        halvings = int(math.log2(shrink))
        scale = 1 << halvings
        x, y, w, h = box.clipped(self.width, self.height)
        piece = self.level(halvings)[y // scale : (y + h) // scale, x // scale : (x + w) // scale]
        width, height = (round(side * scale / shrink) for side in piece.shape[::-1])
        if not width or not height:
            return None
        shrink = piece.shape[1] * scale / width
        if (height, width) != piece.shape:
            piece = np.asarray(cv2.resize(piece, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
        return Window(piece, x // scale * scale, y // scale * scale, shrink)
