"""What the engine costs and finds, compared with a baseline that searches each frame and classifies each face.

Both process the same frames in the same process, on one thread, alternately and three times. Measured is the CPU time
of the process; for each frame the median of the three counts. A face is counted if the baseline detects it in three
successive frames; its first ten frames are not. Exits with 1 if a target is missed.

usage: python -m tests.benchmarks.engine [--only NAME] [--runtime NAME] [--detector NAME] [--frames COUNT]

--frames plays one scene over and over for this many frames, with the engine alone, and reports how the memory grows.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import cv2
from tests.benchmarks.face_detection.methods import haar_search
from tests.benchmarks.scoring import HEADER, Result, Score, median_times
from tests.benchmarks.sequences import FPS, Sequence, sequences

from fer_edge.cameras.frame import Frame
from fer_edge.config.model import DEFAULT_DETECTOR, DEFAULT_MODEL, DETECTORS
from fer_edge.detection.base import Detectors
from fer_edge.geometry import Box
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.crop import crop_face
from fer_edge.inference.detectors import open_detectors
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import read_model
from fer_edge.inference.runtimes import RUNTIMES
from fer_edge.pipeline import Pipeline

MAX_FALSE_FACES = 1 / 10  # target: of the baseline's false faces
MAX_GROWTH = 1.0  # target: MB between two readings of the memory, in the second half of a long run
READINGS = 10  # of the memory in a long run
ROUNDS = 3
WARM_UP = 10  # frames


def baseline(classifier: EmotionClassifier) -> Callable[[Frame], list[Box]]:
    """The method to beat: search the whole frame, classify every face."""
    search = haar_search()

    def step(frame: Frame) -> list[Box]:
        boxes = search(frame.grey)
        margin, side = classifier.model.crop_margin, classifier.side
        classifier.classify(crop_face(frame.grey, box, margin, side) for box in boxes)
        return boxes

    return step


def engine(classifier: EmotionClassifier, detectors: Detectors) -> Callable[[Frame], list[Box]]:
    """The pipeline as the daemon runs it."""
    pipeline = Pipeline(classifier, detectors=detectors)

    def step(frame: Frame) -> list[Box]:
        pipeline.step(frame)
        return [face.box for face in pipeline.tracked_faces]

    return step


def play(step: Callable[[Frame], list[Box]], frames: list[Frame]) -> Result:
    """Process every frame and time it."""
    times, boxes = [], []
    for frame in frames:
        start = time.process_time()
        found = step(frame)
        times.append(1000 * (time.process_time() - start))
        boxes.append(found)
    return Result(times, boxes)


def warm_play(method: Callable[[], Callable[[Frame], list[Box]]], frames: list[Frame]) -> Result:
    """Play with a new method, just after another one that is not timed: what was idle may have been swapped out."""
    play(method(), frames[:WARM_UP])
    return play(method(), frames)


def play_both(classifier: EmotionClassifier, detectors: Detectors, frames: list[Frame]) -> tuple[Result, Result]:
    """The results of the baseline and of the engine; they detect the same in each round."""
    rounds = [
        (warm_play(lambda: baseline(classifier), frames), warm_play(lambda: engine(classifier, detectors), frames))
        for _ in range(ROUNDS)
    ]
    of_baseline, of_engine = zip(*rounds, strict=True)
    return median_times(of_baseline), median_times(of_engine)


def resident() -> float:
    """Resident memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def repeated(frames: list[Frame], count: int) -> Iterator[Frame]:
    """The frames forwards and backwards, over and over, until there are `count`."""
    cycle = [*frames, *frames[-2:0:-1]]
    for number in range(count):
        yield Frame(cycle[number % len(cycle)].grey, number / FPS, number)


def endure(classifier: EmotionClassifier, detectors: Detectors, sequence: Sequence, count: int) -> int:
    """Play a scene for `count` frames and print how the memory grows. Returns the exit code."""
    step, readings = engine(classifier, detectors), []
    for frame in repeated(sequence.frames, count):
        step(frame)
        if (frame.number + 1) % max(1, count // READINGS) == 0:
            readings.append(resident())
            print(f"{frame.number + 1:8} frames  {readings[-1]:7.1f} MB", flush=True)
    second_half = readings[len(readings) // 2 :]
    growth = max((later - earlier for earlier, later in pairwise(second_half)), default=0.0)
    print(f"largest growth between two readings in the second half: {growth:.1f} MB")
    return int(growth > MAX_GROWTH)


def compare(classifier: EmotionClassifier, detectors: Detectors, only: str | None) -> int:
    """Play all scenes with both methods and print a row for each. Returns the exit code."""
    print(HEADER)
    scores = []
    for sequence in sequences():
        if only is None or only in sequence.name:
            scores.append(Score(sequence, *play_both(classifier, detectors, sequence.frames)))
            print(scores[-1], flush=True)
    hits = [hit for score in scores for hit in score.hits]
    of_baseline, of_engine = (sum(counts) for counts in zip(*(score.false_faces for score in scores), strict=True))
    print(
        f"\nfound {sum(hits)} of {len(hits)} faces; false faces: {of_baseline} of the baseline, {of_engine} of the "
        f"engine; {classifier.runs_on}"
    )
    return int(any(score.missed_targets for score in scores) or of_engine > MAX_FALSE_FACES * of_baseline)


def main() -> int:
    """Compare the methods, or play one scene for long. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", help="only the scenes with this in their name")
    parser.add_argument("--runtime", choices=RUNTIMES, help="runtime of the network (default: the fastest installed)")
    parser.add_argument("--detector", choices=DETECTORS, default=DEFAULT_DETECTOR, help="(default: %(default)s)")
    parser.add_argument("--frames", type=int, metavar="COUNT", help="play one scene for this many frames")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    model = read_model(DEFAULT_MODEL)
    classifier = EmotionClassifier(model, open_engine(model, runtime=arguments.runtime))
    classifier.warm_up()
    detectors, warnings = open_detectors(arguments.detector)
    print(*warnings, sep="\n", end="")
    gc.freeze()  # as the daemon does, or full garbage collections would stall frames
    print(f"resident before the first frame: {resident():.1f} MB")
    if arguments.frames:
        chosen = next(scene for scene in sequences() if (arguments.only or "moving") in scene.name)
        return endure(classifier, detectors, chosen, arguments.frames)
    return compare(classifier, detectors, arguments.only)


if __name__ == "__main__":
    sys.exit(main())
