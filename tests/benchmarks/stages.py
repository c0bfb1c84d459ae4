"""The time that each stage of a frame takes on the shipped clip, and its ratio to a step, which holds on any machine.

A step is what the daemon does with a frame, with its default detector. For comparison, `cascade` searches the whole
frame with the Haar cascade, and `network` runs the face network once, on the square around a face.

usage: python tests/benchmarks/stages.py [RUNS]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from fer_edge.cameras.files import VideoFile
from fer_edge.cameras.frame import Frame
from fer_edge.config.model import DEFAULT_DETECTOR, DEFAULT_MODEL, PipelineOptions
from fer_edge.detection.haar import HaarDetector
from fer_edge.detection.network_search import MIN_SCORE, SQUARES
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.crop import crop_face
from fer_edge.inference.detectors import open_detectors
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import read_model
from fer_edge.pipeline import Pipeline

CLIP = Path(__file__).parent.parent / "media" / "intel_walking_and_pause.mp4"
FACE = Box(50, 80, 64, 64)  # of the person on the left, for most of the clip


def milliseconds(stage: Callable[[Frame], object], frames: list[Frame]) -> list[float]:
    """The time that `stage` takes for each frame."""
    times = []
    for frame in frames:
        start = time.perf_counter()
        stage(frame)
        times.append(1000 * (time.perf_counter() - start))
    return times


def main(runs: int) -> None:
    """Print the median and 95th percentile of each stage, and its ratio to a step."""
    cv2.setNumThreads(1)
    model = read_model(DEFAULT_MODEL)
    classifier = EmotionClassifier(model, open_engine(model))
    cascade, (detectors, warnings) = HaarDetector(), open_detectors(DEFAULT_DETECTOR)
    if warnings or not detectors.network:
        sys.exit("\n".join(warnings))
    network, square = detectors.network, FACE.scaled(SQUARES[0])
    frames = list(VideoFile(CLIP))
    crop = crop_face(frames[0].grey, FACE, model.crop_margin, classifier.side)
    times: dict[str, list[float]] = {"cascade": [], "network": [], "crop": [], "classify": [], "step": []}
    for _ in range(runs):
        pipeline = Pipeline(classifier, PipelineOptions(min_face=cascade.min_face), detectors=detectors)
        times["cascade"] += milliseconds(lambda frame: cascade.detect(frame.grey), frames)
        times["network"] += milliseconds(lambda frame: network.detect(Pyramid(frame.grey), square, MIN_SCORE), frames)
        times["crop"] += milliseconds(lambda frame: crop_face(frame.grey, FACE, 0.0, classifier.side), frames)
        times["classify"] += milliseconds(lambda _: classifier.classify([crop]), frames)
        times["step"] += milliseconds(pipeline.step, frames)
    whole = statistics.median(times["step"])
    width, height = frames[0].grey.shape[::-1]
    print(f"{len(frames)} frames of {width}x{height}, {runs} runs, {classifier.runs_on}")
    print(f"{'stage':>8}  {'p50 ms':>8}  {'p95 ms':>8}  ratio to a step")
    for stage, values in times.items():
        middle, high = statistics.median(values), statistics.quantiles(values, n=20)[18]
        print(f"{stage:>8}  {middle:8.2f}  {high:8.2f}  {middle / whole:6.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
