"""How well and how fast the engine does on a scene, compared with the baseline."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from tests.benchmarks.sequences import Sequence

from fer_edge.geometry import Box

MAX_COST = {  # targets by kind of scene: mean time of the engine by that of the baseline
    "one": 1 / 10,
    "busy": 1 / 15,
    "two": 1 / 7.5,
    "four": 1 / 5,
    "none still": 1 / 10,
    "none moving": 1 / 5,
}
MAX_P99 = 1 / 3  # target: 99th percentile of the engine by the median of the baseline
MIN_RECALL = 0.98  # target
MAX_DELAY = 10  # target: frames until a new face is reported; not counted for the recall
SAME_FACE_IOU = 0.5
FALSE_FACE_IOU = 0.3  # a box that overlaps every true face less than this is a false face
MIN_RUN = 3  # successive frames in which the baseline detects a face, or it is not counted
MAX_GAP = 10  # frames for which the baseline may miss a face that is still the same


@dataclass
class Result:
    """What a method did with a scene: milliseconds, and the boxes of the faces, for each frame."""

    times: list[float]
    boxes: list[list[Box]]


@dataclass
class ReferenceFace:
    """A face that the baseline detects: its box by the number of the frame."""

    boxes: dict[int, Box] = field(default_factory=dict)

    @property
    def runs(self) -> list[list[int]]:
        """The numbers of its frames, in runs without a gap of at least MIN_RUN frames."""
        runs: list[list[int]] = [[]]
        for number in self.boxes:
            if runs[-1] and number > runs[-1][-1] + 1:
                runs.append([])
            runs[-1].append(number)
        return [run for run in runs if len(run) >= MIN_RUN]


def median_times(results: tuple[Result, ...]) -> Result:
    """One result of several rounds that detected the same."""
    times = zip(*(result.times for result in results), strict=True)
    return Result([statistics.median(frame) for frame in times], results[0].boxes)


def reference_faces(boxes: list[list[Box]]) -> list[ReferenceFace]:
    """The boxes of all frames, joined into faces."""
    faces: list[ReferenceFace] = []
    for number, found in enumerate(boxes):
        for box in found:
            recent = [face for face in faces if number - max(face.boxes) <= MAX_GAP and number not in face.boxes]
            best = max(recent, key=lambda face: box.iou(face.boxes[max(face.boxes)]), default=None)
            if best is None or box.iou(best.boxes[max(best.boxes)]) < SAME_FACE_IOU:
                faces.append(best := ReferenceFace())
            best.boxes[number] = box
    return [face for face in faces if face.runs]


def percentile(values: list[float], fraction: float) -> float:
    """The value that `fraction` of the values do not exceed, by nearest rank."""
    return sorted(values)[min(len(values) - 1, round(fraction * len(values)))]


def count_false_faces(boxes: list[list[Box]], truth: list[list[Box]]) -> int:
    """The number of boxes that lie on none of the true faces."""
    return sum(
        all(box.iou(true) < FALSE_FACE_IOU for true in true_boxes)
        for found, true_boxes in zip(boxes, truth, strict=True)
        for box in found
    )


@dataclass
class Score:
    """The figures of one scene."""

    sequence: Sequence
    baseline: Result
    engine: Result

    @property
    def cost(self) -> float:
        """Mean time of the engine by that of the baseline."""
        return statistics.fmean(self.engine.times) / statistics.fmean(self.baseline.times)

    @property
    def p99(self) -> float:
        """99th percentile of the engine by the median of the baseline."""
        return percentile(self.engine.times, 0.99) / statistics.median(self.baseline.times)

    @property
    def faces(self) -> list[ReferenceFace]:
        """The faces that the engine should find: those of the baseline that are true."""
        truth, faces = self.sequence.truth, reference_faces(self.baseline.boxes)
        if truth is None:
            return faces
        return [
            face
            for face in faces
            if any(box.iou(true) >= FALSE_FACE_IOU for number, box in face.boxes.items() for true in truth[number])
        ]

    @property
    def hits(self) -> list[bool]:
        """Whether the engine had the face, for each frame of each face after its first MAX_DELAY."""
        return [
            self._has(number, face.boxes[number])
            for face in self.faces
            for run in face.runs
            for number in run
            if number >= face.runs[0][0] + MAX_DELAY
        ]

    @property
    def delays(self) -> list[int]:
        """Frames from the first one of each face until it was reported; all its frames if it never was."""
        delays = []
        for face in self.faces:
            first, last = face.runs[0][0], face.runs[-1][-1]
            boxes = {n: face.boxes[max(m for m in face.boxes if m <= n)] for n in range(first, last + 1)}
            delays.append(next((n - first for n, box in boxes.items() if self._has(n, box)), last - first + 1))
        return delays

    @property
    def false_faces(self) -> tuple[int, int]:
        """False faces of the baseline and of the engine; none are counted where the truth is unknown."""
        truth = self.sequence.truth
        if truth is None:
            return 0, 0
        return count_false_faces(self.baseline.boxes, truth), count_false_faces(self.engine.boxes, truth)

    @property
    def missed_targets(self) -> list[str]:
        """The names of the targets that were missed."""
        hits = self.hits
        met = {
            "cost": self.cost <= MAX_COST[self.sequence.kind],
            "p99": self.p99 <= MAX_P99,
            "recall": sum(hits) >= MIN_RECALL * len(hits),
            "delay": max(self.delays, default=0) <= MAX_DELAY,
        }
        return [name for name, is_met in met.items() if not is_met]

    def _has(self, number: int, box: Box) -> bool:
        return any(box.iou(detected) >= SAME_FACE_IOU for detected in self.engine.boxes[number])

    def __str__(self) -> str:
        """A row of the table, see HEADER."""
        hits, delays = self.hits, self.delays
        columns = (
            f"{statistics.fmean(self.baseline.times):8.1f}",
            f"{statistics.fmean(self.engine.times):7.2f}",
            f"{1 / self.cost:7.1f}",
            f"{1 / MAX_COST[self.sequence.kind]:6.1f}",
            f"{self.p99:6.2f}",
            f"{sum(hits)}/{len(hits)}".rjust(8) if hits else "       -",
            f"{max(delays):5}" if delays else "    -",
            "     -" if self.sequence.truth is None else "{:3}{:3}".format(*self.false_faces),
            ", ".join(self.missed_targets) or "met",
        )
        return f"{self.sequence.name:20} " + " ".join(columns)


HEADER = (
    f"{'':20} {'baseline':>8} {'engine':>7} {'times':>7} {'target':>6} {'p99 by':>6} {'found':>8} {'delay':>5} false\n"
    f"{'':20} {'ms':>8} {'ms':>7} {'cheaper':>7} {'':>6} {'median':>6} {'':>8} {'':>5} faces"
)
