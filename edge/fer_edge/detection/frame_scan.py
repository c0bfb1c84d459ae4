"""The search for new faces all over the picture, spread over several frames."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.detection.haar import open_cascade, smallest_face
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

STEP = 1.25  # from one size of face to the next
WINDOW = 20  # pixels, what the cascade was trained on: the smallest faces are shrunk to that
CLEAR = 32  # pixels that larger ones are shrunk to; with more pixels the cascade says yes to more of the faces
SIZES = 2  # in a band; each band also takes the first size of the next, or faces between them are lost
SHARE = 0.17  # of a search of the whole picture that one frame may pay for
PAUSE = 3  # while a face is known, every third frame is spared
SQUARES = 60  # rows of squares in which the picture is compared
COVERED = 0.8  # of a known face is covered up, since that is where a search is at its dearest


@dataclass(frozen=True)
class ScanRules:
    """When to search: where a square differs by `change` grey levels, and everywhere after `rest` seconds."""

    change: float = 5.0
    rest: float = 4.0


@dataclass
class ScanTask:
    """Faces of neighbouring sizes in a part of the picture, searched for in one frame.

    place: where their centres may be. smallest and largest: their width. window: the width that the smallest are shrunk
    to. All in pixels. seen: the picture, in squares, when it was last done; since: when that was done everywhere.
    """

    place: Box
    smallest: float
    largest: float
    window: int
    seen: NDArray[np.uint8] | None = None
    since: float = 0.0


class FrameScan:
    """Searches where something has moved, one task a frame.

    What it finds is but a suspicion: the cascade is asked in coarse steps, and one window that says yes is enough. It
    depends on nothing but what it is shown and when.
    """

    def __init__(self, min_face: float, rules: ScanRules | None = None) -> None:
        """`min_face`: see faces.HaarDetector, as are the errors."""
        self._min_face, self._rules = min_face, rules or ScanRules()
        self._cascade = open_cascade()
        self._frame = Box(0, 0, 0, 0)
        self._tasks: list[ScanTask] = []
        self._turn = 0

    def forget(self) -> None:
        """FrameScan everything again, whether it has moved or not."""
        self._frame = Box(0, 0, 0, 0)

    def step(self, pyramid: Pyramid, known: Sequence[Box], time: float, slowdown: int = 1) -> list[Box]:
        """What may be a face, by the task whose turn it is in this frame; it may be one of those already `known`.

        `slowdown`: see PipelineOptions.
        """
        frame = Box(0, 0, pyramid.width, pyramid.height)
        if self._frame != frame:
            self._frame, self._tasks = frame, list(_tasks(frame, self._min_face))
        self._turn += 1
        if self._turn % slowdown or (known and self._turn % PAUSE == 0):
            return []
        squares = pyramid.level(max(0, round(math.log2(pyramid.height / SQUARES))))
        for turn, task in enumerate(self._tasks):
            region = self._region(task, squares, known, time)
            if region:
                self._tasks = [*self._tasks[turn + 1 :], *self._tasks[: turn + 1]]
                return self._look(pyramid, task, region, known)
        return []

    def _region(self, task: ScanTask, squares: NDArray[np.uint8], known: Sequence[Box], time: float) -> Box | None:
        """Where to search now: around all that has moved since the last time, but for the known faces."""
        margin = math.ceil(min(task.largest, self._frame.h / 2) / 2)
        if task.seen is None or time - task.since > self._rules.rest:
            task.seen, task.since = squares, time
            return task.place.padded(margin).clipped(self._frame.w, self._frame.h)
        scale = self._frame.h / squares.shape[0]
        moved = np.zeros(squares.shape, np.uint8)
        there = _rows_and_columns(task.place, scale)
        moved[there] = cv2.absdiff(squares, task.seen)[there] > self._rules.change
        for box in known:
            moved[_rows_and_columns(box.scaled(2.0).clipped(self._frame.w, self._frame.h), scale)] = 0
        x, y, w, h = (round(scale * side) for side in cv2.boundingRect(moved))
        if not w:
            return None
        task.seen = squares
        return Box(x, y, w, h).padded(margin).clipped(self._frame.w, self._frame.h)

    def _look(self, pyramid: Pyramid, task: ScanTask, region: Box, known: Sequence[Box]) -> list[Box]:
        window = pyramid.window(region, task.smallest / task.window)
        if window is None:
            return []
        largest = round(task.largest / window.shrink) + 1
        pixels = window.covered([box.scaled(COVERED) for box in known])
        found = self._cascade.detectMultiScale(
            pixels, STEP, 0, minSize=(task.window, task.window), maxSize=(largest, largest)
        )
        return [window.box(*box) for box in found]


def _rows_and_columns(box: Box, scale: float) -> tuple[slice, slice]:
    """The squares that a box touches."""
    rows = slice(int(box.y / scale), math.ceil((box.y + box.h) / scale))
    return rows, slice(int(box.x / scale), math.ceil((box.x + box.w) / scale))


def _tasks(frame: Box, min_face: float) -> Iterator[ScanTask]:
    """Every size of face and every part of the picture, twice, the second time with the sizes between the first ones.

    A band of sizes that costs too much is cut into columns.
    """
    largest = min(frame.w, frame.h)
    for finer in (1.0, math.sqrt(STEP)):
        small = finer * smallest_face(min_face, frame.h)
        middle, large = small * STEP**SIZES, small * STEP ** (2 * SIZES)
        bands = [(middle, large, CLEAR), (small, middle, WINDOW), (large, largest, CLEAR)]
        bands = [(low, min(high, largest), window) for low, high, window in bands if low <= largest]
        costs = [(window / low) ** 2 for low, _, window in bands]
        for band, cost in zip(bands, costs, strict=True):
            columns = max(1, round(cost / (SHARE * sum(costs))))
            edges = [round(frame.w * column / columns) for column in range(columns + 1)]
            for left, right in pairwise(edges):
                yield ScanTask(Box(left, 0, right - left, frame.h), *band)
