"""The cost of the code around the network: evaluating a split, and classifying a face, compared with the bare invokes.

usage: python tests/benchmarks/classifier.py [DATA [SPLIT]]

Prints ratios, which hold on any machine, for the model `small` on each runtime. Evaluating is what `fer-convert
evaluate` does with faces in memory: classify all of them, find copies, count. It may take 1.3 times the sum of its
invokes, which are timed as they happen. Classifying a 96x96 box, with and without cropping, may take 1.15 times an
invoke; these are medians of interleaved runs. Without DATA the faces are noise, as many as PublicTest has.
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

from fer_convert.evaluate.candidates import evaluate_one
from fer_data.classifiers import probabilities, quantized_classifier
from fer_data.data_source import DataSource, with_labels_of_model
from fer_data.dataset import PUBLIC_TEST, FaceSet
from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_edge.config.model import parse_model
from fer_edge.geometry import Box
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.crop import crop_face
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import ModelFile, read_model
from fer_edge.inference.runtimes import Interpreter, available_runtimes, describe_runtime

FACES = 3589  # in PublicTest
ROUNDS = 3  # of the evaluation
RUNS, WARM_UP_RUNS = 300, 50  # of the classification
MAX_EVALUATION, MAX_CLASSIFICATION = 1.3, 1.15  # targets, in invokes


def seconds(action: Callable[[], object]) -> float:
    """The time that an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def noise_faces() -> FaceSet:
    """Noise with random labels, all of it in PublicTest."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (FACES, 48, 48), np.uint8)
    names = np.arange(FACES).astype(str)
    return FaceSet(pixels, rng.integers(0, 7, FACES), np.full(FACES, PUBLIC_TEST), FER2013_CLASSES, names)


class TimedInterpreter:
    """An interpreter that adds up the time of its invokes, seconds."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self.total = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._interpreter, name)

    def invoke(self) -> None:
        self.total += seconds(self._interpreter.invoke)


def evaluation_ratio(model: ModelFile, runtime: str, faces: FaceSet, split: str) -> float:
    """The time of an evaluation as a multiple of the sum of its invokes: the median of ROUNDS."""
    engine = open_engine(model, runtime=runtime)
    timed = TimedInterpreter(engine.interpreter)
    inner = EmotionClassifier(model, replace(engine, interpreter=timed))
    classifier = replace(quantized_classifier(model), classify=lambda pixels: probabilities(inner, pixels))
    ratios = []
    for _ in range(ROUNDS):
        timed.total = 0.0
        whole = seconds(lambda: evaluate_one(classifier, faces, split))
        ratios.append(whole / timed.total)
    return statistics.median(ratios)


def classification_ratios(model: ModelFile, runtime: str) -> tuple[float, float, float]:
    """Times of a face.

    Returns:
        An invoke, milliseconds; classifying a crop, in invokes; cropping and classifying, in invokes.
    """
    engine = open_engine(model, runtime=runtime)
    classifier = EmotionClassifier(model, engine)
    picture = np.random.default_rng(0).integers(0, 256, (96, 96), np.uint8)
    crop = crop_face(picture, Box(0, 0, 96, 96), model.crop_margin, classifier.side)
    actions: tuple[Callable[[], object], ...] = (
        engine.interpreter.invoke,
        lambda: classifier.classify([crop]),
        lambda: classifier.classify([crop_face(picture, Box(0, 0, 96, 96), model.crop_margin, classifier.side)]),
    )
    times = [[seconds(action) for action in actions] for _ in range(WARM_UP_RUNS + RUNS)][WARM_UP_RUNS:]
    bare, classify, whole = (statistics.median(column) for column in zip(*times, strict=True))
    return 1000 * bare, classify / bare, whole / bare


def main(data: Path | None, split: str) -> None:
    """Print the ratios of each runtime, and whether they meet the targets."""
    cv2.setNumThreads(1)
    model = read_model(parse_model("small"))
    faces = with_labels_of_model(model.labels, DataSource(data).read()) if data else noise_faces()
    print(f"{model.name}, one thread, {len(faces.split(split))} faces")
    for runtime in available_runtimes():
        invoke, classify, crop_and_classify = classification_ratios(model, runtime)
        print(f"{describe_runtime(runtime)}: an invoke takes {invoke:.3f} ms")
        ratios = (
            ("evaluate a split", evaluation_ratio(model, runtime, faces, split), MAX_EVALUATION),
            ("classify", classify, MAX_CLASSIFICATION),
            ("crop and classify", crop_and_classify, MAX_CLASSIFICATION),
        )
        for name, ratio, target in ratios:
            print(f"  {name:<18} {ratio:5.3f} invokes, target {target}: {'met' if ratio <= target else 'NOT MET'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None, sys.argv[2] if len(sys.argv) > 2 else PUBLIC_TEST)
