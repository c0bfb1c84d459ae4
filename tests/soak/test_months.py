"""A service that is installed once and forgotten: nothing grows, and every fault is recovered from.

FER_EDGE_FRAMES=1000000 (make soak FRAMES=1000000) makes it long; FER_EDGE_PLOT names a picture that shows the course.
"""

from __future__ import annotations

import gc
import os
import statistics
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.soak.months import FAULTS, Record, Sample, live
from tests.support import descriptors

FRAMES = int(os.environ.get("FER_EDGE_FRAMES", "3000"))
GROWTH = 3.0  # MB between the medians of the second and the last quarter


def test_months_of_faults_leave_nothing_behind_and_lose_nothing(tmp_path: Path) -> None:
    before = held_now()
    record = live(FRAMES, tmp_path)
    after = held_now()
    if picture := os.environ.get("FER_EDGE_PLOT"):
        draw(record, Path(picture))
    # It went on after every fault, and to the end.
    assert record.frames == FRAMES
    assert {kind for _, kind in record.faults} == set(FAULTS)
    assert record.log["camera: retrying"] == record.log["camera: frames again"] > 0
    assert record.log["connected: connected to"] > 1
    assert record.log["ERROR"] == 0
    # Every event arrived, in order; a copy may come from a new connection.
    first = list(dict.fromkeys(record.received))
    assert first == list(range(len(first)))
    assert len(first) > len(record.faults)  # one that takes the picture away ends a face, and another begins
    # Nothing grew.
    well = [sample for sample in record.samples if sample.well]
    quarter = len(well) // 4
    early, late = well[quarter : 2 * quarter], well[-quarter:]
    for held in ("descriptors", "threads"):
        assert middle(late, held) == middle(early, held)
    assert middle(late, "rss") - middle(early, "rss") < GROWTH
    assert after == before


def held_now() -> tuple[int, int]:
    gc.collect()  # a service that has ended, or a test before this one
    return descriptors(), threading.active_count()


def middle(samples: Sequence[Sample], held: str) -> float:
    return statistics.median(getattr(sample, held) for sample in samples)


def draw(record: Record, path: Path) -> None:
    """The course of a run: memory, descriptors, threads and queue over the frames, with the faults as marks."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 9), layout="constrained")
    rows = figure.subplots(5, 1, sharex=True, height_ratios=(3, 2, 2, 2, 2))
    columns = zip(*record.samples, strict=True)
    frames = next(columns)
    for row, values, name in zip(
        rows, columns, ("memory, MB", "descriptors", "threads", "events waiting"), strict=False
    ):
        row.plot(frames, values, linewidth=0.8, color="black")
        row.set_ylabel(name)
        row.set_ylim(0, 1.15 * max(*values, 1))
    kinds = [FAULTS.index(kind) for _, kind in record.faults]
    rows[-1].scatter([frame for frame, _ in record.faults], kinds, marker="|", s=20, linewidth=0.5)
    rows[-1].set_yticks(range(len(FAULTS)), FAULTS, fontsize=7)
    rows[-1].set_xlabel(f"frames; {len(record.faults)} faults, {len(set(record.received))} events")
    figure.savefig(path, dpi=110)
