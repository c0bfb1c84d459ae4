"""A picture at several resolutions, computed cheaply."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.geometry import Box

MASK_GREY = 128  # grey level of masked pixels


@dataclass(frozen=True)
class Window:
    """A part of a picture, scaled down.

    Attributes:
        pixels: uint8 [h,w].
        x: Left edge in the picture, pixels.
        y: Top edge in the picture, pixels.
        shrink: Pixels of the picture per pixel of the window.
    """

    pixels: NDArray[np.uint8]
    x: int
    y: int
    shrink: float

    def to_picture(self, x: float, y: float, w: float, h: float) -> Box:
        """A box of this window in pixels of the picture."""
        k = self.shrink
        return Box(round(self.x + k * x), round(self.y + k * y), round(k * w), round(k * h))

    def masked(self, boxes: Iterable[Box]) -> NDArray[np.uint8]:
        """A copy of the pixels with the boxes, in pixels of the picture, painted grey."""
        pixels, k = self.pixels.copy(), self.shrink
        for box in boxes:
            left, top = max(0, round((box.x - self.x) / k)), max(0, round((box.y - self.y) / k))
            right, bottom = round((box.x + box.w - self.x) / k), round((box.y + box.h - self.y) / k)
            pixels[top : max(0, bottom), left : max(0, right)] = MASK_GREY
        return pixels


class Pyramid:
    """A grey picture, uint8 [H,W], and its halvings, each computed when first used.

    Halving costs a fiftieth of scaling by any other factor, and the mean of four pixels does not alias.

    Attributes:
        width: Width of the picture, pixels.
        height: Height of the picture, pixels.
    """

    def __init__(self, grey: NDArray[np.uint8]) -> None:
        self._levels = [grey]
        self.height, self.width = grey.shape

    def level(self, number: int) -> NDArray[np.uint8]:
        """The picture halved `number` times, or as often as its size allows."""
        while len(self._levels) <= number:
            last = self._levels[-1]
            height, width = (side // 2 for side in last.shape)
            if not height or not width:
                return last
            even = last[: 2 * height, : 2 * width]
            self._levels.append(np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8))
        return self._levels[number]

    def window(self, box: Box, shrink: float) -> Window | None:
        """The part of the picture inside `box`, scaled down.

        Args:
            box: Pixels of the picture.
            shrink: Factor to scale down by; below 1 the window has the resolution of the picture.

        Returns:
            The window, or None if no pixel is left.
        """
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
