"""The search of the face network for new faces in the whole frame, one tile in each frame."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.detection.face_network import FaceNetwork
from fer_edge.detection.haar import min_face_size
from fer_edge.detection.pyramid import Pyramid
from fer_edge.detection.scan import ScanRules, ignored_pixels, scaled_for_motion, touched_pixels
from fer_edge.geometry import Box
from fer_edge.zones import Zone

# Width of a tile by that of the smallest face in it. In the network's input such a face is 17 pixels wide in the coarse
# tiles, and 23 in the fine ones, where it is more certain to be found. In 640x480 there are 7 coarse tiles and 20 fine.
COARSE, FINE = 7.4, 5.6
LARGEST_BY_SMALLEST = 2.0  # width of the largest face that a level of tiles has to find, by that of the smallest
WHOLE_FRAME = 1.2  # tiles that are nearly as large as the frame are made that much larger at most, to hold all of it
CANDIDATE_SCORE = 0.2  # 0..1; the candidates are verified
MAX_AGE = 8.0  # seconds, see ScanRules
# While faces are known, seconds from one tile in which something has changed to the next, and the same for old tiles.
# The first search of the coarse tiles does not wait.
CHANGED_INTERVAL, OLD_INTERVAL = 0.33, 1.0
CHANGED_PART = 0.25  # of a face, by which the frame changes at least when the face appears
FACE_SURROUNDINGS = 1.5  # in widths of a known face: a change there is its own; with more, a face beside it is late
MIN_WIDTH = 0.8  # of the smallest face, since the network's boxes vary


@dataclass
class _Tile:
    """A tile of the frame.

    Attributes:
        box: The tile, pixels; it may exceed the frame.
        coarse: Whether it is one of the coarse tiles.
        pixels: Its rows and columns in the scaled-down frame.
        min_changes: Pixels of that frame that change when a face appears in the tile.
        searched_at: Seconds; before the first search, so long ago that the tile is old.
        new: Whether it has not been searched yet.
    """

    box: Box
    coarse: bool
    pixels: tuple[slice, slice]
    min_changes: float
    searched_at: float
    new: bool = True


class TileScan:
    """Searches one tile in each frame: first each coarse one, then those that have changed, and those that are old.

    Of the changed tiles, the one comes first in which most has changed and that has waited longest.
    """

    def __init__(
        self, network: FaceNetwork, min_face: float, rules: ScanRules | None = None, zones: Sequence[Zone] = ()
    ) -> None:
        """Create a scan for faces from `min_face` on, see `HaarDetector`, that leaves out the ignored zones."""
        self._network, self._min_face, self._rules = network, min_face, rules or ScanRules(max_age=MAX_AGE)
        self._zones = zones
        self._frame = Box(0, 0, 0, 0)
        self._tiles: list[_Tile] = []
        self._reference: NDArray[np.uint8] = np.zeros((0, 0), np.uint8)
        self._changed_at: NDArray[np.float64] = np.zeros((0, 0))
        self._tracked: NDArray[np.bool_] = np.zeros((0, 0), np.bool_)
        self._ignored: NDArray[np.bool_] = np.zeros((0, 0), np.bool_)
        self._time = self._last_change = self._changed_searched_at = self._old_searched_at = -math.inf

    def reset(self) -> None:
        """Search everything again, whether it has changed or not."""
        self._frame = Box(0, 0, 0, 0)

    def step(self, pyramid: Pyramid, known: Sequence[Box], time: float) -> list[Box] | None:
        """Search the next tile that is due; see Scan."""
        frame = Box(0, 0, pyramid.width, pyramid.height)
        if self._frame != frame or time < self._time:
            self._begin(pyramid, frame, time)
        self._time = time
        new = next((tile for tile in self._tiles if tile.coarse and tile.new), None)
        changed_due = not known or time - self._changed_searched_at >= CHANGED_INTERVAL
        old_due = not known or time - self._old_searched_at >= OLD_INTERVAL
        if not (new or changed_due or old_due):
            return None
        self._compare(scaled_for_motion(pyramid), known, time)
        changed = new or (self._most_changed(time) if changed_due else None)
        old = self._oldest(time) if old_due and not new else None
        if changed and old:  # they take turns
            changed, old = (changed, None) if self._changed_searched_at <= self._old_searched_at else (None, old)
        if changed:
            self._changed_searched_at = time
        elif old:
            self._old_searched_at = time
        tile = changed or old
        if not tile:
            return None
        tile.searched_at, tile.new = time, False
        return search_tile(self._network, pyramid, tile.box, self._min_face)

    def _begin(self, pyramid: Pyramid, frame: Box, time: float) -> None:
        self._frame, self._reference = frame, scaled_for_motion(pyramid).copy()
        self._changed_at = np.full(self._reference.shape, -math.inf)
        self._tracked = np.zeros(self._reference.shape, np.bool_)
        self._time = self._last_change = self._changed_searched_at = self._old_searched_at = -math.inf
        self._ignored = ignored_pixels(self._zones, self._reference.shape)
        coarse, fine = (list(self._make_tiles(by_face, time)) for by_face in (COARSE, FINE))
        boxes = {tile.box for tile in coarse}  # the largest tiles of both are often the same
        self._tiles = [*coarse, *(tile for tile in fine if tile.box not in boxes)]

    def _make_tiles(self, by_face: float, time: float) -> Iterator[_Tile]:
        """The tiles, except those that are ignored as a whole."""
        for box in tiles(self._frame.w, self._frame.h, self._min_face, by_face):
            tile = self._make_tile(box, by_face, time)
            if not self._ignored[tile.pixels].all():
                yield tile

    def _make_tile(self, box: Box, by_face: float, time: float) -> _Tile:
        scale = self._frame.h / self._reference.shape[0]
        pixels = touched_pixels(box.clipped(self._frame.w, self._frame.h), scale)
        min_changes = CHANGED_PART * (box.w / by_face / scale) ** 2
        return _Tile(box, by_face == COARSE, pixels, min_changes, time - 2 * self._rules.max_age)

    def _most_changed(self, time: float) -> _Tile | None:
        """The most urgent of the tiles in which something has changed."""
        longest, urgencies = self._rules.max_age, []
        for tile in self._tiles:
            changes = self._changes(tile)
            urgencies.append(min(time - tile.searched_at, longest) * changes if changes > 1 else 0.0)
        most = max(urgencies, default=0.0)
        return self._tiles[urgencies.index(most)] if most else None

    def _oldest(self, time: float) -> _Tile | None:
        """The tile that was searched longest ago, if that is too long ago."""
        tile = min(self._tiles, key=lambda tile: tile.searched_at, default=None)
        return tile if tile and time - tile.searched_at > self._rules.max_age else None

    def _changes(self, tile: _Tile) -> float:
        """How much has changed in a tile since it was searched, by what changes at least when a face appears."""
        if self._last_change <= tile.searched_at:
            return 0.0
        return float(np.count_nonzero(self._changed_at[tile.pixels] > tile.searched_at)) / tile.min_changes

    def _compare(self, scaled: NDArray[np.uint8], known: Sequence[Box], time: float) -> None:
        """Note what has changed since it was last noted, except the tracked faces and what they have uncovered.

        Ignored zones count as tracked faces.
        """
        scale = self._frame.h / scaled.shape[0]
        tracked = self._ignored.copy()
        for box in known:
            surroundings = box.scaled(FACE_SURROUNDINGS).clipped(self._frame.w, self._frame.h)
            tracked[touched_pixels(surroundings, scale)] = True
        uncovered = self._tracked & ~tracked
        changed = (cv2.absdiff(scaled, self._reference) > self._rules.motion_threshold) & ~tracked & ~uncovered
        self._reference[changed | uncovered] = scaled[changed | uncovered]
        self._changed_at[changed] = time
        if changed.any():
            self._last_change = time
        self._tracked = tracked


def search_tile(network: FaceNetwork, pyramid: Pyramid, tile: Box, min_face: float) -> list[Box]:
    """Candidates in a tile that are centred in the frame, pixels of the frame."""
    smallest = MIN_WIDTH * min_face_size(min_face, pyramid.height)
    boxes = [face.box for face in network.detect(pyramid, tile, CANDIDATE_SCORE) if face.box.w >= smallest]
    return [box for box in boxes if box.is_centred_in(pyramid.width, pyramid.height)]


def tiles(width: int, height: int, min_face: float, by_face: float = FINE) -> Iterator[Box]:
    """Overlapping square tiles of the frame, the largest first.

    Every face from `min_face` on is complete in at least one tile.

    Args:
        width: Of the frame, pixels.
        height: Of the frame, pixels.
        min_face: Width of the smallest face, as a fraction of the height.
        by_face: Width of a tile by that of the smallest face in it.
    """
    sizes = [float(min_face_size(min_face, height))]
    while round(by_face * sizes[-1]) * WHOLE_FRAME < max(width, height):
        sizes.append(LARGEST_BY_SMALLEST * sizes[-1])
    for smallest in reversed(sizes):
        side = round(by_face * smallest)
        if side * WHOLE_FRAME >= max(width, height):
            side = max(width, height)
        step = side - LARGEST_BY_SMALLEST * smallest
        for y in _starts(height, side, step):
            for x in _starts(width, side, step):
                yield Box(x, y, side, side)


def _starts(length: int, side: int, step: float) -> list[int]:
    """Where the tiles along a side of the frame start: at most `step` apart, and centred if one is enough."""
    if side >= length:
        return [(length - side) // 2]
    gaps = math.ceil((length - side) / step)
    return [round(number * (length - side) / gaps) for number in range(gaps + 1)]
