"""What the engine costs and finds, against the whole frame searched and every face classified each time.

Both see the same frames in the same process, on one thread, by turns and three times; what is measured is the processor
time of the process, and for each frame the median of the three counts.
A face is one that the plain method holds for three frames on end; its first ten frames are not counted. Exits with 1
when a target is missed.

usage: python -m tests.benchmarks.engine [--only NAME] [--runtime NAME] [--frames COUNT]

--frames plays one scene over and over for so many frames, engine alone, and shows how the memory grows.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import cv2
from tests.benchmarks.sequences import FPS, Sequence, sequences

from fer_edge.cameras.frame import Frame
from fer_edge.config.model import DEFAULT_MODEL
from fer_edge.detection.haar import open_cascade
from fer_edge.geometry import Box
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.crop import crop_face
from fer_edge.inference.engine import open_engine
from fer_edge.inference.model_file import read_model
from fer_edge.inference.runtimes import RUNTIMES
from fer_edge.pipeline import Pipeline

TARGETS = {"one": 1 / 10, "busy": 1 / 15, "two": 1 / 7.5, "four": 1 / 5, "none still": 1 / 10, "none moving": 1 / 5}
SLOWEST = 1 / 3  # of the plain method's median: the 99th percentile of a frame
RECALL = 0.98
REPORTED = 10  # frames until a new face is reported
GHOSTS = 1 / 10  # of the plain method's false faces
SAME, NO_FACE = 0.5, 0.3  # intersection over union: the same face; below it a box is none of the true faces
ROUNDS = 3
PAUSE = 10  # frames that a face may be missed for and be the same one


@dataclass
class Held:
    """A face as the plain method sees it: the frames and boxes of one place."""

    boxes: dict[int, Box] = field(default_factory=dict)

    @property
    def runs(self) -> list[list[int]]:
        """Its frames, in runs without a gap, of three at least."""
        runs: list[list[int]] = [[]]
        for number in self.boxes:
            if runs[-1] and number > runs[-1][-1] + 1:
                runs.append([])
            runs[-1].append(number)
        return [run for run in runs if len(run) >= 3]


@dataclass
class Result:
    """What a method did with a sequence: milliseconds and boxes of each frame."""

    times: list[float]
    boxes: list[list[Box]]


def plain(classifier: EmotionClassifier) -> Callable[[Frame], list[Box]]:
    """The method to beat."""
    cascade = open_cascade()

    def step(frame: Frame) -> list[Box]:
        found = cascade.detectMultiScale(frame.grey, 1.1, 5, minSize=(48, 48))
        boxes = [Box(*(int(value) for value in box)) for box in found]
        margin, side = classifier.model.crop_margin, classifier.side
        classifier.classify(crop_face(frame.grey, box, margin, side) for box in boxes)
        return boxes

    return step


def engine(classifier: EmotionClassifier) -> Callable[[Frame], list[Box]]:
    """The pipeline as the daemon runs it."""
    pipeline = Pipeline(classifier)

    def step(frame: Frame) -> list[Box]:
        pipeline.step(frame)
        return [track.box for track in pipeline.tracked_faces]

    return step


def play(step: Callable[[Frame], list[Box]], frames: list[Frame]) -> Result:
    """Show every frame, and take the time of each."""
    times, boxes = [], []
    for frame in frames:
        start = time.process_time()
        found = step(frame)
        times.append(1000 * (time.process_time() - start))
        boxes.append(found)
    return Result(times, boxes)


def play_both(classifier: EmotionClassifier, frames: list[Frame]) -> tuple[Result, Result]:
    """What the plain method and the engine did with the frames: they do the same in each round."""
    rounds = [(play(plain(classifier), frames), play(engine(classifier), frames)) for _ in range(ROUNDS)]
    theirs, ours = zip(*rounds, strict=True)
    return median_times(theirs), median_times(ours)


def median_times(results: tuple[Result, ...]) -> Result:
    """One result of those of all rounds."""
    times = zip(*(result.times for result in results), strict=True)
    return Result([statistics.median(frame) for frame in times], results[0].boxes)


def held_faces(boxes: list[list[Box]]) -> list[Held]:
    """The boxes of all frames, joined to faces."""
    faces: list[Held] = []
    for number, found in enumerate(boxes):
        for box in found:
            known = [face for face in faces if number - max(face.boxes) <= PAUSE and number not in face.boxes]
            last = max(known, key=lambda face: box.iou(face.boxes[max(face.boxes)]), default=None)
            if last is None or box.iou(last.boxes[max(last.boxes)]) < SAME:
                faces.append(last := Held())
            last.boxes[number] = box
    return [face for face in faces if face.runs]


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of the values do not exceed, by nearest rank."""
    return sorted(values)[min(len(values) - 1, round(share * len(values)))]


def false_faces(boxes: list[list[Box]], truth: list[list[Box]]) -> int:
    """How many boxes lie on none of the true faces."""
    return sum(
        all(box.iou(true) < NO_FACE for true in there)
        for found, there in zip(boxes, truth, strict=True)
        for box in found
    )


@dataclass
class Verdict:
    """The figures of a sequence. cost: mean of the engine by mean of the plain method; slowest: p99 by its median."""

    sequence: Sequence
    plain: Result
    engine: Result

    @property
    def cost(self) -> float:
        return statistics.fmean(self.engine.times) / statistics.fmean(self.plain.times)

    @property
    def slowest(self) -> float:
        return percentile(self.engine.times, 0.99) / statistics.median(self.plain.times)

    @property
    def faces(self) -> list[Held]:
        truth, faces = self.sequence.truth, held_faces(self.plain.boxes)
        if truth is None:
            return faces
        return [face for face in faces if any(box.iou(t) >= NO_FACE for n, box in face.boxes.items() for t in truth[n])]

    @property
    def pairs(self) -> list[bool]:
        """For each frame of each face whether the engine had it."""
        return [
            self._has(number, face.boxes[number])
            for face in self.faces
            for run in face.runs
            for number in run
            if number >= face.runs[0][0] + REPORTED
        ]

    @property
    def delays(self) -> list[int]:
        """For each face, how many frames after its first it was reported; those that were not, the frames they had."""
        delays = []
        for face in self.faces:
            first, last = face.runs[0][0], face.runs[-1][-1]
            near = {n: face.boxes[max(m for m in face.boxes if m <= n)] for n in range(first, last + 1)}
            delays.append(next((n - first for n, box in near.items() if self._has(n, box)), last - first + 1))
        return delays

    @property
    def ghosts(self) -> tuple[int, int]:
        """False faces of the plain method and of the engine."""
        truth = self.sequence.truth
        return (
            (0, 0) if truth is None else (false_faces(self.plain.boxes, truth), false_faces(self.engine.boxes, truth))
        )

    @property
    def missed(self) -> list[str]:
        """The targets that were missed."""
        pairs = self.pairs
        judged = {
            "cost": self.cost <= TARGETS[self.sequence.kind],
            "p99": self.slowest <= SLOWEST,
            "recall": sum(pairs) >= RECALL * len(pairs),
            "delay": max(self.delays, default=0) <= REPORTED,
        }
        return [name for name, met in judged.items() if not met]

    def _has(self, number: int, box: Box) -> bool:
        return any(box.iou(mine) >= SAME for mine in self.engine.boxes[number])

    def __str__(self) -> str:
        pairs, delays = self.pairs, self.delays
        columns = (
            f"{statistics.fmean(self.plain.times):7.1f}",
            f"{statistics.fmean(self.engine.times):7.2f}",
            f"{1 / self.cost:6.1f}",
            f"{1 / TARGETS[self.sequence.kind]:6.1f}",
            f"{self.slowest:6.2f}",
            f"{sum(pairs)}/{len(pairs)}".rjust(8) if pairs else "       -",
            f"{max(delays):5}" if delays else "    -",
            "     -" if self.sequence.truth is None else "{:3}{:3}".format(*self.ghosts),
            ", ".join(self.missed) or "met",
        )
        return f"{self.sequence.name:20} " + " ".join(columns)


def resident() -> float:
    """Memory of this process that is not on disk, MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def repeated(frames: list[Frame], count: int) -> Iterator[Frame]:
    """The frames forth and back, over and over."""
    cycle = [*frames, *frames[-2:0:-1]]
    for number in range(count):
        yield Frame(cycle[number % len(cycle)].grey, number / FPS, number)


def endure(classifier: EmotionClassifier, sequence: Sequence, count: int) -> int:
    """Play a scene for long, and tell how the memory grows."""
    step, marks = engine(classifier), []
    for frame in repeated(sequence.frames, count):
        step(frame)
        if (frame.number + 1) % max(1, count // 10) == 0:
            marks.append(resident())
            print(f"{frame.number + 1:8} frames  {marks[-1]:7.1f} MB", flush=True)
    growth = max((later - earlier for earlier, later in pairwise(marks[len(marks) // 2 :])), default=0.0)
    print(f"growth in the second half, at most from mark to mark: {growth:.1f} MB")
    return int(growth > 1)


def compare(classifier: EmotionClassifier, only: str | None) -> int:
    """Play all scenes with both, and print a line for each."""
    print(f"{'':20} {'plain':>7} {'engine':>7} {'times':>6} {'target':>6} {'p99 by':>6} {'found':>8} {'late':>5} false")
    print(f"{'':20} {'ms':>7} {'ms':>7} {'less':>6} {'':>6} {'median':>6} {'':>8} {'':>5} faces")
    verdicts = []
    for sequence in sequences():
        if only is None or only in sequence.name:
            verdicts.append(Verdict(sequence, *play_both(classifier, sequence.frames)))
            print(verdicts[-1], flush=True)
    pairs = [pair for verdict in verdicts for pair in verdict.pairs]
    theirs, ours = (sum(counts) for counts in zip(*(verdict.ghosts for verdict in verdicts), strict=True))
    print(
        f"\nfound {sum(pairs)} of {len(pairs)} faces; false faces {theirs} plain, {ours} engine; {classifier.runs_on}"
    )
    return int(any(verdict.missed for verdict in verdicts) or ours > GHOSTS * theirs)


def main() -> int:
    """Compare, or endure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", help="only the scenes with this in their name")
    parser.add_argument("--runtime", choices=RUNTIMES, help="what runs the network (the fastest that is here)")
    parser.add_argument("--frames", type=int, metavar="COUNT", help="play one scene for so many frames")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    model = read_model(DEFAULT_MODEL)
    classifier = EmotionClassifier(model, open_engine(model, runtime=arguments.runtime))
    classifier.warm_up()
    print(f"resident before the first frame: {resident():.1f} MB")
    if arguments.frames:
        chosen = next(scene for scene in sequences() if (arguments.only or "moving") in scene.name)
        return endure(classifier, chosen, arguments.frames)
    return compare(classifier, arguments.only)


if __name__ == "__main__":
    sys.exit(main())
