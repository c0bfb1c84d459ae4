"""The time that a model takes, by runtime and number of threads."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fer_convert.markdown import table
from fer_edge.errors import FerError
from fer_edge.geometry import Box
from fer_edge.inference.backends import compiled_for
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.crop import crop_face
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import ModelFile, read_model

WARM_UP_RUNS = 20  # not counted: caches fill, the clock frequency rises, an Edge TPU receives its weights
FRAME_SHAPE = (480, 640)
FACE = Box(272, 192, 96, 96)


class Timing(NamedTuple):
    """Percentiles, interquartile range and extremes of a duration, in milliseconds."""

    p50: float
    p95: float
    p99: float
    iqr: float
    least: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Timing:
        """Summarize measured durations; percentiles are interpolated between the two nearest."""
        p25, p50, p75, p95, p99 = (float(value) for value in 1000 * np.percentile(seconds, (25, 50, 75, 95, 99)))
        return cls(p50, p95, p99, p75 - p25, 1000 * min(seconds), 1000 * max(seconds))


@dataclass(frozen=True)
class Configuration:
    """What to measure: a model file, a runtime and a number of threads."""

    model: Path
    runtime: str
    threads: int


@dataclass(frozen=True)
class Latency:
    """The measured durations of a configuration.

    Attributes:
        configuration: What was measured.
        runs_on: The device and the runtime that it ran on.
        invoke: The network alone.
        step: From the frame to the probabilities: crop, resize and classify.
    """

    configuration: Configuration
    runs_on: str
    invoke: Timing
    step: Timing

    def as_json(self) -> dict[str, Any]:
        """The durations as JSON values."""
        return {
            "runtime": self.configuration.runtime,
            "threads": self.configuration.threads,
            "runs_on": self.runs_on,
            "invoke_ms": self.invoke._asdict(),
            "step_ms": self.step._asdict(),
        }


def configurations(model: ModelFile, runtimes: Sequence[str], threads: Sequence[int]) -> list[Configuration]:
    """A model on each runtime, with each number of threads; with one thread only when an Edge TPU does the work."""
    counts = (1,) if compiled_for(model) else threads
    return [Configuration(model.path, runtime, count) for runtime in runtimes for count in counts]


def measure_in_child(configuration: Configuration, runs: int) -> Latency:
    """Call measure() in a child process, where no other runtime holds threads or memory.

    Raises what measure() raises, and FerError when the child dies, e.g. in a delegate built for another TFLite.
    """
    # Spawned, since the threads of a runtime do not survive a fork.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(measure, configuration, runs).result()
        except BrokenProcessPool as error:
            raise FerError(
                f"model {configuration.model}: the process that ran it on {configuration.runtime} died"
            ) from error


def measure(configuration: Configuration, runs: int) -> Latency:
    """Time the network alone and the whole step by turns, `runs` times each, after a warm-up.

    The face is a 96x96 box in a 640x480 frame of noise. Raises ModelError, AcceleratorError or UsageError as
    open_engine() does.
    """
    model = read_model(configuration.model)
    engine = open_engine(model, configuration.threads, runtime=configuration.runtime)
    classifier = EmotionClassifier(model, engine)
    frame = np.random.default_rng(0).integers(0, 256, FRAME_SHAPE, np.uint8)

    def step() -> None:
        classifier.classify([crop_face(frame, FACE, model.crop_margin, classifier.side)])

    pairs = [(_duration(step), _duration(engine.interpreter.invoke)) for _ in range(WARM_UP_RUNS + runs)]
    steps, invokes = zip(*pairs[WARM_UP_RUNS:], strict=True)
    return Latency(configuration, engine.runs_on, Timing.of(invokes), Timing.of(steps))


def _duration(action: Callable[[], None]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def as_markdown(results: Sequence[Latency], names: Mapping[Path, str]) -> str:
    """A table with two rows a configuration, in milliseconds; `names` gives the name of each model file."""
    rows = [
        (
            names[result.configuration.model],
            result.runs_on,
            part,
            result.configuration.threads,
            *(f"{ms:.3f}" for ms in timing),
        )
        for result in results
        for part, timing in (("invoke", result.invoke), ("crop to answer", result.step))
    ]
    return table(("model", "runs on", "ms of", "threads", "p50", "p95", "p99", "IQR", "min", "max"), rows, left=3)
