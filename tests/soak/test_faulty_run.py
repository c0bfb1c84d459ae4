"""A service that is installed once and then left alone: it recovers from every fault, and nothing grows.

FER_EDGE_FRAMES=1000000 (make soak FRAMES=1000000) makes the run long; FER_EDGE_PLOT names a file for a plot of it.
"""

from __future__ import annotations

import gc
import os
import statistics
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.soak.faulty_run import FAULTS, RunRecord, Sample, run_with_faults
from tests.support.waiting import open_descriptors

FRAMES = int(os.environ.get("FER_EDGE_FRAMES", "3000"))
MAX_GROWTH = 3.0  # MB between the medians of the second and the last quarter


def test_a_run_recovers_from_every_fault_loses_no_event_and_leaks_nothing(tmp_path: Path) -> None:
    before = held_now()
    record = run_with_faults(FRAMES, tmp_path)
    after = held_now()
    if plot := os.environ.get("FER_EDGE_PLOT"):
        draw(record, Path(plot))
    # It continued after every fault, to the end.
    assert record.frames == FRAMES
    assert {kind for _, kind in record.faults} == set(FAULTS)
    assert record.log["camera: retrying"] == record.log["camera: delivering frames again"] > 0
    assert record.log["connected: connected to"] > 1
    assert record.log["ERROR"] == 0
    # Every event arrived, in order; a new connection may have sent one again.
    first = list(dict.fromkeys(record.received))
    assert first == list(range(len(first)))
    assert len(first) > len(record.faults)  # a fault without pictures ends a track, and another one starts
    # Nothing grew.
    healthy = [sample for sample in record.samples if sample.is_healthy]
    quarter = len(healthy) // 4
    early, late = healthy[quarter : 2 * quarter], healthy[-quarter:]
    for name in ("descriptors", "threads"):
        assert median(late, name) == median(early, name)
    assert median(late, "rss") - median(early, "rss") < MAX_GROWTH
    assert after == before


def held_now() -> tuple[int, int]:
    """The number of open descriptors and of threads."""
    gc.collect()  # what is left of this run, or of a test before it
    return open_descriptors(), threading.active_count()


def median(samples: Sequence[Sample], name: str) -> float:
    return statistics.median(getattr(sample, name) for sample in samples)


def draw(record: RunRecord, path: Path) -> None:
    """Plot memory, descriptors, threads and queue over the frames, with the faults as marks."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 9), layout="constrained")
    rows = figure.subplots(5, 1, sharex=True, height_ratios=(3, 2, 2, 2, 2))
    columns = zip(*record.samples, strict=True)
    frames = next(columns)
    names = ("memory, MB", "descriptors", "threads", "events waiting")
    for row, values, name in zip(rows, columns, names, strict=False):
        row.plot(frames, values, linewidth=0.8, color="black")
        row.set_ylabel(name)
        row.set_ylim(0, 1.15 * max(*values, 1))
    kinds = [FAULTS.index(kind) for _, kind in record.faults]
    rows[-1].scatter([frame for frame, _ in record.faults], kinds, marker="|", s=20, linewidth=0.5)
    rows[-1].set_yticks(range(len(FAULTS)), FAULTS, fontsize=7)
    rows[-1].set_xlabel(f"frames; {len(record.faults)} faults, {len(set(record.received))} events")
    figure.savefig(path, dpi=110)
