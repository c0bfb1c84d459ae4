"""How long a model takes on this machine, by runtime and number of threads."""

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
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.crop import crop_face
from fer_edge.inference.engine import is_compiled, open_engine
from fer_edge.inference.model_file import ModelFile, read_model

WARM_UP = 20  # runs that do not count: caches fill, the clock rises, an Edge TPU gets its weights
FRAME = (480, 640)
FACE = Box(272, 192, 96, 96)


class Timing(NamedTuple):
    """Percentiles of a time, its interquartile range, and its extremes, in milliseconds."""

    p50: float
    p95: float
    p99: float
    iqr: float
    least: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Timing:
        """Summarize measured times; percentiles are interpolated between the two nearest."""
        p25, p50, p75, p95, p99 = (float(value) for value in 1000 * np.percentile(seconds, (25, 50, 75, 95, 99)))
        return cls(p50, p95, p99, p75 - p25, 1000 * min(seconds), 1000 * max(seconds))


@dataclass(frozen=True)
class Setting:
    """What to measure: a model file, a runtime, a number of threads."""

    model: Path
    runtime: str
    threads: int


@dataclass(frozen=True)
class Latency:
    """How long a setting takes, and the device and runtime that it ran on, in words.

    invoke: the network alone. step: from the frame to the probabilities, that is crop, resize and classify.
    """

    setting: Setting
    runs_on: str
    invoke: Timing
    step: Timing

    def as_json(self) -> dict[str, Any]:
        """All of it, for a JSON file."""
        return {
            "runtime": self.setting.runtime,
            "threads": self.setting.threads,
            "runs_on": self.runs_on,
            "invoke_ms": self.invoke._asdict(),
            "step_ms": self.step._asdict(),
        }


def settings_of(model: ModelFile, runtimes: Sequence[str], threads: Sequence[int]) -> list[Setting]:
    """What to measure a model in: each runtime, with each number of threads unless an Edge TPU does the work."""
    counts = (1,) if is_compiled(model) else threads
    return [Setting(model.path, runtime, count) for runtime in runtimes for count in counts]


def measure_apart(setting: Setting, runs: int) -> Latency:
    """measure() in a process of its own, where no other runtime holds threads or memory.

    Raises what measure() raises, and FerError when the process dies, as it does in a delegate of another ABI.
    """
    # Spawned, since threads of a runtime do not live through a fork.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(measure, setting, runs).result()
        except BrokenProcessPool as error:
            raise FerError(f"model {setting.model}: the process that ran it on {setting.runtime} died") from error


def measure(setting: Setting, runs: int) -> Latency:
    """Time `runs` runs of each kind in turn, after the warm-up.

    The face is a 96x96 box in a 640x480 frame of noise. Raises ModelError, AcceleratorError or UsageError as
    open_engine() does.
    """
    model = read_model(setting.model)
    engine = open_engine(model, setting.threads, runtime=setting.runtime)
    classifier = EmotionClassifier(model, engine)
    frame = np.random.default_rng(0).integers(0, 256, FRAME, np.uint8)

    def step() -> None:
        classifier.classify([crop_face(frame, FACE, model.crop_margin, classifier.side)])

    times = [(_seconds(step), _seconds(engine.interpreter.invoke)) for _ in range(WARM_UP + runs)][WARM_UP:]
    steps, invokes = zip(*times, strict=True)
    return Latency(setting, engine.runs_on, Timing.of(invokes), Timing.of(steps))


def _seconds(action: Callable[[], None]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def as_markdown(measured: Sequence[Latency], names: Mapping[Path, str]) -> str:
    """A table for a person, two rows a setting; `names` tells what to call each model file. Times in milliseconds."""
    rows = [
        (names[latency.setting.model], latency.runs_on, what, latency.setting.threads, *(f"{ms:.3f}" for ms in timing))
        for latency in measured
        for what, timing in (("invoke", latency.invoke), ("crop to answer", latency.step))
    ]
    return table(("model", "runs on", "ms of", "threads", "p50", "p95", "p99", "IQR", "min", "max"), rows, left=3)
