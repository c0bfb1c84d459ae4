"""What a run of the benchmark measures, and how its work is shared between processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2

TUNE, REPORT, ALL = "tune", "report", "all"
HALVES = (TUNE, REPORT, ALL)

Item = TypeVar("Item")
Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Options:
    """What to measure.

    Attributes:
        methods: Of `METHODS`.
        half: Of the pictures, one of `HALVES`.
        quick: Whether to measure less of it.
        jobs: Number of processes.
        data: FER-2013, for the accuracy.
    """

    methods: tuple[str, ...]
    half: str = ALL
    quick: bool = False
    jobs: int = 1
    data: Path | None = None

    @property
    def halves(self) -> tuple[str, ...]:
        """The halves to report: each one and both together, or the chosen one."""
        return HALVES if self.half == ALL else (self.half,)

    def map(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        """The results of the tasks, in their order, computed by several processes."""
        if self.jobs == 1:
            yield from map(function, tasks)
            return
        with multiprocessing.get_context("spawn").Pool(self.jobs, use_one_thread) as pool:
            yield from pool.imap(function, tasks)


def use_one_thread() -> None:
    """Let OpenCV use one thread, as the other processes need the other cores."""
    cv2.setNumThreads(1)


def in_half(items: Sequence[Item], half: str) -> list[Item]:
    """Every other one: rules are tuned on the first, third, ... of the sorted items, and reported on the others."""
    return list({TUNE: items[::2], REPORT: items[1::2], ALL: items}[half])
