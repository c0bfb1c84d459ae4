"""What stands around the network costs: judging a split, and classifying a face, over the bare invoke.

usage: python tests/benchmarks/classifier.py [DATA [SPLIT]]

Ratios, which hold on any machine, for the model `small` on each runtime. Judging is what `fer-convert evaluate` does
once the faces are in memory: classify them all, find copies, count. It may take 1.3 times the sum of its invokes, which
are timed as they happen. Classifying a 96x96 box, with and without cutting and resizing it, may take 1.15 times an
invoke; these are medians of interleaved runs. Without DATA the faces are made up, as many as PublicTest has.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fer_convert.data_flags import with_labels_of_model
from fer_convert.evaluate.candidates import Candidate
from fer_convert.evaluate.evaluation import probabilities
from fer_data.data_source import DataSource
from fer_data.dataset import PUBLIC_TEST, FaceSet
from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_edge.config.model import parse_model
from fer_edge.geometry import Box
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.crop import crop_face
from fer_edge.inference.engine import open_engine
from fer_edge.inference.model_file import ModelFile, read_model
from fer_edge.inference.runtimes import Interpreter, available_runtimes, describe_runtime

FACES, ROUNDS, RUNS, WARM_UP = 3589, 3, 300, 50
JUDGING, CLASSIFYING = 1.3, 1.15


def seconds(action: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def made_up() -> FaceSet:
    """Noise with labels, all of it PublicTest."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (FACES, 48, 48), np.uint8)
    names = np.arange(FACES).astype(str)
    return FaceSet(pixels, rng.integers(0, 7, FACES), np.full(FACES, PUBLIC_TEST), FER2013_CLASSES, names)


class Timed:
    """An interpreter that sums up how long its invokes take, seconds."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self.total = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._interpreter, name)

    def invoke(self) -> None:
        self.total += seconds(self._interpreter.invoke)


def judging(model: ModelFile, runtime: str, faces: FaceSet, split: str) -> float:
    """Judging a split, as a multiple of the sum of its invokes: the median of some rounds."""
    engine = open_engine(model, runtime=runtime)
    timed = Timed(engine.interpreter)
    classifier = EmotionClassifier(model, replace(engine, interpreter=timed))
    contender = Candidate(model.name, model.labels, {}, {}, lambda pixels: probabilities(classifier, pixels))
    ratios = []
    for _ in range(ROUNDS):
        timed.total = 0.0
        whole = seconds(lambda: contender.evaluate(faces, split))
        ratios.append(whole / timed.total)
    return statistics.median(ratios)


def classifying(model: ModelFile, runtime: str) -> tuple[float, float, float]:
    """An invoke, milliseconds; classifying a crop, and cutting it from a 96x96 picture as well, as multiples of it."""
    engine = open_engine(model, runtime=runtime)
    classifier = EmotionClassifier(model, engine)
    picture = np.random.default_rng(0).integers(0, 256, (96, 96), np.uint8)
    crop = crop_face(picture, Box(0, 0, 96, 96), model.crop_margin, classifier.side)
    actions: tuple[Callable[[], object], ...] = (
        engine.interpreter.invoke,
        lambda: classifier.classify([crop]),
        lambda: classifier.classify([crop_face(picture, Box(0, 0, 96, 96), model.crop_margin, classifier.side)]),
    )
    times = [[seconds(action) for action in actions] for _ in range(WARM_UP + RUNS)][WARM_UP:]
    bare, classify, whole = (statistics.median(column) for column in zip(*times, strict=True))
    return 1000 * bare, classify / bare, whole / bare


def main(data: Path | None, split: str) -> None:
    """Print the ratios of each runtime, and whether they are within bounds."""
    cv2.setNumThreads(1)
    model = read_model(parse_model("small"))
    faces = with_labels_of_model(model.labels, DataSource(data).read()) if data else made_up()
    print(f"{model.name}, one thread, {len(faces.split(split))} faces")
    for runtime in available_runtimes():
        invoke, classify, whole = classifying(model, runtime)
        print(f"{describe_runtime(runtime)}: an invoke takes {invoke:.3f} ms")
        ratios = (
            ("judge a split", judging(model, runtime, faces, split), JUDGING),
            ("classify", classify, CLASSIFYING),
            ("crop and classify", whole, CLASSIFYING),
        )
        for what, ratio, most in ratios:
            print(f"  {what:<18} {ratio:5.3f} times that, at most {most}: {'met' if ratio <= most else 'NOT MET'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None, sys.argv[2] if len(sys.argv) > 2 else PUBLIC_TEST)
