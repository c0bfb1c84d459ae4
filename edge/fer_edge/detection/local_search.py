"""Search with the Haar cascade for a face near an expected position."""

from __future__ import annotations

from typing import NamedTuple

from fer_edge.detection.haar import open_cascade
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

MIN_CASCADE_SIZE = 20  # pixels; the cascade was trained on windows of this size


class _Search(NamedTuple):
    """Parameters of the cascade for one kind of search.

    Attributes:
        face_sizes: Widths, pixels, that the expected face is scaled to. Repeated searches take turns, since a face
            that is missed at one size is often detected at another.
        window: Width of the searched window, in widths of the face.
        min_neighbors: Overlapping hits of the cascade that make a detection.
        scale_factor: From one searched size to the next.
        ratios: Smallest and largest width of the detected face by that of the expected one.
    """

    face_sizes: tuple[int, ...]
    window: float
    min_neighbors: int
    scale_factor: float
    ratios: tuple[float, float] = (0.75, 1.4)


# From 40 pixels on, the cascade visits every pixel of the window and detects what it detects at full resolution.
VERIFY = _Search(face_sizes=(48, 44, 52), window=1.6, min_neighbors=6, scale_factor=1.07)
FAST = _Search(face_sizes=(34, 32, 36), window=1.6, min_neighbors=1, scale_factor=1.2)
# For a face whose size the face network corrects: the cascade searches fewer sizes.
FAST_CORRECTED = FAST._replace(ratios=(0.8, 1.3))
THOROUGH = _Search(face_sizes=(48, 44, 52), window=2.0, min_neighbors=2, scale_factor=1.1)


class LocalSearch:
    """Runs the cascade on a scaled-down window around an expected face.

    A new face needs strong evidence; a tracked face needs little. `attempt` counts the searches for one face.
    """

    def __init__(self, fast: _Search = FAST) -> None:
        """`fast` is the search that comes first. Raises RuntimeError if this OpenCV comes without the cascade."""
        self._cascade, self._fast = open_cascade(), fast

    def verify(self, pyramid: Pyramid, box: Box, attempt: int = 0) -> Box | None:
        """The face at `box`, where there may be one: a fine search in which many hits must agree."""
        return self._search(pyramid, box, attempt, VERIFY)

    def redetect(self, pyramid: Pyramid, box: Box, attempt: int = 0, *, thorough: bool = True) -> Box | None:
        """The tracked face that is expected at `box`.

        If the fast search misses it, a `thorough` one follows, which costs four times as much.
        """
        found = self._search(pyramid, box, attempt, self._fast)
        return self._search(pyramid, box, attempt, THOROUGH) if found is None and thorough else found

    def _search(self, pyramid: Pyramid, box: Box, attempt: int, search: _Search) -> Box | None:
        size = search.face_sizes[attempt % len(search.face_sizes)]
        window = pyramid.window(box.scaled(search.window), box.w / size)
        if window is None:
            return None
        width = box.w / window.shrink
        low, high = search.ratios
        smallest, largest = max(MIN_CASCADE_SIZE, round(low * width)), round(high * width)
        found = self._cascade.detectMultiScale(
            window.pixels,
            search.scale_factor,
            search.min_neighbors,
            minSize=(smallest, smallest),
            maxSize=(largest, largest),
        )
        faces = [window.to_picture(*rect) for rect in found]
        return max(faces, key=lambda face: (face.iou(box), face), default=None)
