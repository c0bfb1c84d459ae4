"""The search of the Haar cascade for new faces in the whole frame, spread over several frames."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.detection.haar import min_face_size, open_cascade
from fer_edge.detection.pyramid import Pyramid
from fer_edge.detection.scan import (
    ScanRules,
    ignored_pixels,
    scaled_for_motion,
    touched_pixels,
    without_ignored,
)
from fer_edge.geometry import Box
from fer_edge.zones import Zone

SCALE_FACTOR = 1.25  # from one size of face to the next
SIZES_PER_BAND = 2  # a band also covers the first size of the next one, or faces in between would be missed
SMALL_FACE_SIZE = 20  # pixels that the smallest faces are scaled to: the size that the cascade was trained on
LARGE_FACE_SIZE = 32  # pixels that larger ones are scaled to: with more pixels the cascade detects more of them
MAX_TASK_COST = 0.17  # of a search of the whole frame, done in one frame
MASKED_PART = 0.8  # of the width of a tracked face is masked, since the cascade is slowest on faces
TRACKED_SURROUNDINGS = 2.0  # in widths of a tracked face: motion there is that of the face


@dataclass
class ScanTask:
    """The search for faces of similar sizes in a part of the frame; it is done in one frame.

    Attributes:
        part: Where the centres of the faces may be, pixels.
        smallest: Width of the smallest face, pixels.
        largest: Width of the largest face, pixels.
        scaled_size: Width that the smallest face is scaled to, pixels.
        reference: The scaled-down frame in which the part was last searched, or None.
        complete_at: When all of the part was last searched, seconds.
    """

    part: Box
    smallest: float
    largest: float
    scaled_size: int
    reference: NDArray[np.uint8] | None = None
    complete_at: float = 0.0


class FrameScan:
    """Searches where something has moved, one task a frame.

    The results are candidates only: the cascade takes coarse steps, and a single hit is enough. Deterministic:
    depends only on frames and timestamps.
    """

    def __init__(self, min_face: float, rules: ScanRules | None = None, zones: Sequence[Zone] = ()) -> None:
        """Create a scan for faces from `min_face` on that leaves out the ignored zones.

        Raises the errors of `HaarDetector`.
        """
        self._min_face, self._rules, self._zones = min_face, rules or ScanRules(), zones
        self._cascade = open_cascade()
        self._frame = Box(0, 0, 0, 0)
        self._tasks: list[ScanTask] = []
        self._ignored: NDArray[np.bool_] | None = None  # pixels of the scaled-down frame

    def reset(self) -> None:
        """Search everything again, whether it has changed or not."""
        self._frame = Box(0, 0, 0, 0)

    def step(self, pyramid: Pyramid, known: Sequence[Box], time: float) -> list[Box] | None:
        """Do the next task that has something to search; see Scan."""
        frame = Box(0, 0, pyramid.width, pyramid.height)
        scaled = scaled_for_motion(pyramid)
        if self._frame != frame:
            self._begin(frame, scaled.shape)
        for index, task in enumerate(self._tasks):
            region = self._region(task, scaled, known, time)
            if region:
                self._tasks = [*self._tasks[index + 1 :], *self._tasks[: index + 1]]
                return self._search(pyramid, task, region, known)
        return None

    def _begin(self, frame: Box, shape: tuple[int, ...]) -> None:
        ignored, scale = ignored_pixels(self._zones, shape), frame.h / shape[0]
        self._frame, self._ignored = frame, ignored if ignored.any() else None
        self._tasks = [
            replace(task, part=part)
            for task in _tasks(frame, self._min_face)
            if (part := without_ignored(task.part, ignored, scale))
        ]

    def _region(self, task: ScanTask, scaled: NDArray[np.uint8], known: Sequence[Box], time: float) -> Box | None:
        """The region to search now: everything that has moved since the last search, except the known faces."""
        if task.reference is None or time - task.complete_at > self._rules.max_age:
            task.reference, task.complete_at = scaled, time
            return self._with_margin(task.part, task)
        scale = self._frame.h / scaled.shape[0]
        moved = np.zeros(scaled.shape, np.uint8)
        part = touched_pixels(task.part, scale)
        moved[part] = cv2.absdiff(scaled, task.reference)[part] > self._rules.motion_threshold
        if self._ignored is not None:
            moved[self._ignored] = 0
        for box in known:
            moved[touched_pixels(box.scaled(TRACKED_SURROUNDINGS).clipped(self._frame.w, self._frame.h), scale)] = 0
        x, y, w, h = (round(scale * side) for side in cv2.boundingRect(moved))
        if not w:
            return None
        task.reference = scaled
        return self._with_margin(Box(x, y, w, h), task)

    def _with_margin(self, box: Box, task: ScanTask) -> Box:
        """The region that holds every face of the task with its centre in `box`."""
        margin = math.ceil(min(task.largest, self._frame.h / 2) / 2)
        return box.padded(margin).clipped(self._frame.w, self._frame.h)

    def _search(self, pyramid: Pyramid, task: ScanTask, region: Box, known: Sequence[Box]) -> list[Box]:
        window = pyramid.window(region, task.smallest / task.scaled_size)
        if window is None:
            return []
        largest = round(task.largest / window.shrink) + 1
        found = self._cascade.detectMultiScale(
            window.masked(box.scaled(MASKED_PART) for box in known),
            SCALE_FACTOR,
            0,
            minSize=(task.scaled_size, task.scaled_size),
            maxSize=(largest, largest),
        )
        return [window.to_picture(*box) for box in found]


def _tasks(frame: Box, min_face: float) -> Iterator[ScanTask]:
    """Every size of face and every part of the frame, twice: the second time with the sizes between the first ones.

    A band of sizes that costs too much is divided into columns.
    """
    largest = min(frame.w, frame.h)
    for factor in (1.0, math.sqrt(SCALE_FACTOR)):
        small = factor * min_face_size(min_face, frame.h)
        middle, large = small * SCALE_FACTOR**SIZES_PER_BAND, small * SCALE_FACTOR ** (2 * SIZES_PER_BAND)
        bands = [
            (middle, large, LARGE_FACE_SIZE),
            (small, middle, SMALL_FACE_SIZE),
            (large, largest, LARGE_FACE_SIZE),
        ]
        bands = [(low, min(high, largest), size) for low, high, size in bands if low <= largest]
        costs = [(size / low) ** 2 for low, _, size in bands]
        for band, cost in zip(bands, costs, strict=True):
            columns = max(1, round(cost / (MAX_TASK_COST * sum(costs))))
            edges = [round(frame.w * column / columns) for column in range(columns + 1)]
            for left, right in pairwise(edges):
                yield ScanTask(Box(left, 0, right - left, frame.h), *band)
