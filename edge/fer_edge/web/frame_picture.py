"""The picture of a frame, as pages and streams of pictures receive it."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.annotation.overlay import draw_faces, draw_zones
from fer_edge.cameras.frame import Frame, search_size
from fer_edge.cameras.pictures import PictureError
from fer_edge.geometry import Box
from fer_edge.tracking.track import TrackedFace
from fer_edge.zones import Zone

JPEG_QUALITY = 75
MAX_ASPECT_ERROR = 0.02  # of the aspect ratio in colour, which is rounded to whole pixels
CELLS = 5  # per side of a hidden area: some three on a face, in which not even a detector finds it


class FramePicture:
    """A picture in colour if the camera keeps it, else in grey; no larger than the image in which faces are searched.

    Nothing is converted or encoded before a JPEG is requested, and each kind of JPEG is made once for all.
    """

    def __init__(
        self, frame: Frame, faces: Sequence[TrackedFace], labels: Sequence[str], zones: Sequence[Zone] = ()
    ) -> None:
        """Take the picture of a frame.

        Args:
            frame: The frame.
            faces: Those in it, with boxes in its pixels, to be drawn.
            labels: The emotions, in the order of the probabilities.
            zones: To be drawn, too.
        """
        self._grey, self._colour = frame.grey, frame.colour
        self._faces, self._labels, self._zones = faces, labels, zones
        self._jpegs: dict[bool, bytes] = {}

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frame, pixels."""
        height, width = self._grey.shape
        return width, height

    @cached_property
    def image(self) -> NDArray[np.uint8]:
        """The pixels, uint8 [H,W,3], blue, green, red, or [H,W]."""
        image, self._colour = self._in_colour(), None
        size = search_size(self.size)
        if size[0] == image.shape[1]:
            return image
        return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)

    def load(self) -> FramePicture:
        """Convert the pixels now, and release those of the camera. Returns the picture."""
        _ = self.image
        return self

    def jpeg(self, *, boxes: bool = False) -> bytes:
        """The picture as a JPEG, with zones and faces drawn on it if `boxes`."""
        if boxes not in self._jpegs:
            image = self._annotated() if boxes else self.image
            self._jpegs[boxes] = encode_jpeg(image)
        return self._jpegs[boxes]

    def hide(self, areas: Sequence[Box]) -> FramePicture:
        """A copy in which what is in these areas, pixels of the frame, cannot be recognised."""
        image = self.image.copy()
        scale = image.shape[1] / self._grey.shape[1]
        for area in areas:
            pixelate(image, Box(*(round(scale * value) for value in area)).padded(1))
        hidden = copy(self)
        hidden.image, hidden._jpegs = image, {}
        return hidden

    def _in_colour(self) -> NDArray[np.uint8]:
        """The picture in colour if it can be had in the shape of the grey one, to which the boxes refer."""
        try:
            image = self._colour() if self._colour else self._grey
        except PictureError:  # a file that was removed or replaced
            return self._grey
        width, height = self.size
        is_same_shape = abs(image.shape[1] * height / (image.shape[0] * width) - 1) < MAX_ASPECT_ERROR
        return image if is_same_shape else self._grey

    def _annotated(self) -> NDArray[np.uint8]:
        image = self.image
        image = image.copy() if image.ndim == 3 else np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
        draw_zones(image, self._zones)
        draw_faces(image, self._faces, self._labels, self._grey.shape[1] / image.shape[1])
        return image


def encode_jpeg(image: NDArray[np.uint8]) -> bytes:
    """An image, uint8 [H,W] or [H,W,3], as a JPEG."""
    return bytes(cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))[1])


def pixelate(image: NDArray[np.uint8], area: Box) -> None:
    """Replace an area of an image by CELLS x CELLS squares, each of its mean colour."""
    height, width = image.shape[:2]
    x, y, w, h = area.clipped(width, height)
    if not w * h:
        return
    part = image[y : y + h, x : x + w]
    # Of an area that exceeds the image, only a part is visible: its cells must not be smaller for that.
    columns, rows = (max(1, CELLS * visible // side) for visible, side in ((w, area.w), (h, area.h)))
    cells = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
    part[:] = cv2.resize(cells, (w, h), interpolation=cv2.INTER_NEAREST)
