"""What the live page costs the sensor: without viewers, with one, and with a crowd.

Each figure is compared with that of the same run without the page, or without viewers, measured in turn; the median of
the pairs counts. The viewers, and whatever else runs on this machine, use the same cores. So the engine's time is that
during which its thread did not wait for a core. Exits with 1 when a target is missed.

usage: python -m tests.benchmarks.web [--seconds S] [--viewers COUNT]

--seconds: how long the crowd comes and goes. That is measured twice: in turns, with an engine that runs as fast as it
can, and in one go, with a camera.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
from tests.benchmarks.crowd import Crowd
from tests.benchmarks.daemon_usage import MeasuredDaemon, measured_daemon
from tests.benchmarks.engine import repeated
from tests.support.media import WALK

from fer_edge.cameras.files import VideoFile
from fer_edge.cameras.frame import Frame
from fer_edge.config.model import DEFAULT_MODEL, Config
from fer_edge.config.web import WebOptions
from fer_edge.daemon import Daemon
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import read_model
from fer_edge.run.models import Models
from fer_edge.web import frame_picture
from fer_edge.web.server import WebServer

# Targets
MAX_IDLE_RATIO = 1.02  # of the processor time per frame with the page to that without
MAX_VIEWER_CPU = 0.1  # of a core, for one viewer
MAX_CROWD_LOSS = 0.05  # share of the frame rate, for a crowd
MAX_GROWTH = 4.0  # MB

VIEWER_FPS, CROWD_FPS = 10, 25  # of the camera
IDLE_ROUNDS, IDLE_FRAMES = 12, 500  # without viewers
PAIRS, TURN = 12, 3.0  # turns with and without viewers; seconds of each
SETTLE = 0.5  # seconds before each turn that are not measured

Clip = Iterator[Frame]
LOCALHOST = WebOptions(("127.0.0.1", 0))


class EndlessClip:
    """The clip, forwards and backwards without end, as fast as it is taken; `play` chooses how much of it."""

    live, dropped, problem, name = False, 0, None, "clip"

    def __init__(self, frames: list[Frame], play: Callable[[Clip], Clip]) -> None:
        self._frames, self._play = frames, play

    def __iter__(self) -> Clip:
        return self._play(repeated(self._frames, sys.maxsize))

    def close(self) -> None:
        pass


class Bench:
    """Runs the daemon in this process."""

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        model = read_model(DEFAULT_MODEL)
        self._classifier = EmotionClassifier(model, open_engine(model))
        self._classifier.warm_up()
        self._frames = list(VideoFile(WALK))
        gc.freeze()  # as the command does

    def run(self, play: Callable[[Clip], Clip], page: WebServer | None) -> None:
        source, config = EndlessClip(self._frames, play), Config(camera="clip", broker=None)
        Daemon(config, source, Models(self._classifier), observers=[page] if page else []).run()


@dataclass(frozen=True)
class Cost:
    """Seconds per frame: of time, of the engine, and of processor time in other threads."""

    wall: float
    engine: float
    others: float


class Turn:
    """Measures a turn, in the engine's thread."""

    def __init__(self) -> None:
        self._began, self._cpu, self._thread_cpu = time.perf_counter(), time.process_time(), time.thread_time()
        self._waited = waited()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began

    def cost(self, frames: int) -> Cost:
        wall, thread_cpu = self.seconds, time.thread_time() - self._thread_cpu
        engine, others = wall - (waited() - self._waited), time.process_time() - self._cpu - thread_cpu
        return Cost(wall / frames, engine / frames, others / frames)


def waited() -> float:
    """Seconds during which this thread was ready to run and had no core (the kernel's sched-stats.rst)."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


def measure_idle(bench: Bench) -> bool:
    """The page without viewers."""
    made: list[int] = []
    encode = frame_picture.encode_jpeg
    frame_picture.encode_jpeg = lambda image: made.append(1) or encode(image)

    def cpu_per_frame(page: WebServer | None) -> float:
        before = time.process_time()
        bench.run(lambda clip: islice(clip, IDLE_FRAMES), page)
        return (time.process_time() - before) / IDLE_FRAMES

    cpu_per_frame(None)
    pairs = [(cpu_per_frame(WebServer(LOCALHOST, None)), cpu_per_frame(None)) for _ in range(IDLE_ROUNDS)]
    frame_picture.encode_jpeg = encode
    ratio = print_row("no viewer", "ms of CPU per frame", [(1000 * there, 1000 * none) for there, none in pairs])
    print(f"{'':14} JPEGs made: {len(made)}")
    return print_verdict(ratio <= MAX_IDLE_RATIO and not made, f"at most {MAX_IDLE_RATIO} times, and no JPEG")


def measure_crowd(bench: Bench, seconds: float, viewers: int) -> bool:
    """A crowd, with an engine that runs as fast as it can."""
    page = WebServer(LOCALHOST, None)
    crowd, counts = Crowd(int(page.url.split(":")[2].strip("/")), viewers), Counter[str]()
    pairs: list[tuple[Cost, Cost]] = []

    def measure_turn(clip: Clip, costs: list[Cost]) -> Clip:
        settling = Turn()
        while settling.seconds < SETTLE:
            yield next(clip)
        frames, turn = 0, Turn()
        while turn.seconds < TURN:
            yield next(clip)
            frames += 1
        costs.append(turn.cost(frames))

    def play(clip: Clip) -> Clip:
        for _ in range(max(2, round(seconds / TURN))):
            costs: list[Cost] = []
            crowd.connect()
            yield from measure_turn(clip, costs)
            counts.update(crowd.disconnect())
            yield from measure_turn(clip, costs)
            pairs.append((costs[0], costs[1]))

    bench.run(play, page)
    crowd.close()
    name = f"{viewers} viewers"
    ratio = print_row(name, "ms of the engine per frame", [(1000 * a.engine, 1000 * b.engine) for a, b in pairs])
    print_row("", "frames per second", [(1 / a.wall, 1 / b.wall) for a, b in pairs])
    print_row("", "% of a core, the page", [(100 * a.others / a.wall, 100 * b.others / b.wall) for a, b in pairs])
    print(f"{'':14} {describe(counts)}")
    return print_verdict(ratio <= 1 / (1 - MAX_CROWD_LOSS), f"at most {1 / (1 - MAX_CROWD_LOSS):.3f} times")


def measure_rate(daemon: MeasuredDaemon, seconds: float, figure: Callable[[MeasuredDaemon], float]) -> float:
    """By how much a figure of a daemon grows per second."""
    time.sleep(SETTLE)
    began, before = time.perf_counter(), figure(daemon)
    time.sleep(seconds)
    return (figure(daemon) - before) / (time.perf_counter() - began)


def measure_viewer() -> bool:
    """One viewer that behaves as the page does."""
    with measured_daemon(VIEWER_FPS) as daemon:
        crowd, counts, pairs = Crowd(daemon.port, 1, permanent=True), Counter[str](), []
        for _ in range(PAIRS):
            crowd.connect()
            there = measure_rate(daemon, TURN, lambda daemon: daemon.cpu)
            counts += crowd.disconnect()
            pairs.append((100 * there, 100 * measure_rate(daemon, TURN, lambda daemon: daemon.cpu)))
        crowd.close()
    print_row("1 viewer", "% of a core", pairs)
    cost = statistics.median(there - none for there, none in pairs)
    fps = counts["frames"] / (PAIRS * (TURN + SETTLE))
    print(f"{'':14} {cost:.1f} % of a core more, {fps:.1f} pictures per second")
    return print_verdict(
        cost <= 100 * MAX_VIEWER_CPU and fps > 0.8 * VIEWER_FPS, f"at most {MAX_VIEWER_CPU:.0%} of a core"
    )


def measure_crowd_with_camera(seconds: float, viewers: int) -> bool:
    """A crowd in one go, with a camera."""
    with measured_daemon(CROWD_FPS) as daemon:
        crowd = Crowd(daemon.port, viewers)
        without = [measure_rate(daemon, TURN, lambda daemon: daemon.frames) for _ in range(PAIRS // 2)]
        memory = [daemon.memory]
        crowd.connect()
        with_crowd = []
        for _ in range(max(2, round(seconds / (TURN + SETTLE)))):
            with_crowd.append(measure_rate(daemon, TURN, lambda daemon: daemon.frames))
            memory.append(daemon.memory)
        counts = crowd.disconnect()
        crowd.close()
        without += [measure_rate(daemon, TURN, lambda daemon: daemon.frames) for _ in range(PAIRS // 2)]
    there, none = statistics.median(with_crowd), statistics.median(without)
    print_row(f"{viewers}, a camera", "frames per second", [(there, none)])
    start, middle, end = memory[0], memory[len(memory) // 2], memory[-1]
    print(f"{'':14} {start:.1f} MB at the start, {middle:.1f} in the middle, {end:.1f} at the end")
    print(f"{'':14} {describe(counts)}")
    target = f"at least {1 - MAX_CROWD_LOSS} times, and at most {MAX_GROWTH} MB from the middle to the end"
    return print_verdict(there >= (1 - MAX_CROWD_LOSS) * none and end - middle <= MAX_GROWTH, target)


def describe(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def print_row(name: str, unit: str, pairs: list[tuple[float, float]]) -> float:
    """Print the medians with and without, and the median of their ratios, which is returned."""
    ratio = statistics.median(there / none if none else 0.0 for there, none in pairs)
    there, none = (statistics.median(values) for values in zip(*pairs, strict=True))
    print(f"{name:14} {unit:26} {there:8.2f} {none:8.2f} {ratio:8.3f}", flush=True)
    return ratio


def print_verdict(is_met: bool, target: str) -> bool:
    print(f"{'':14} target: {target}: {'met' if is_met else 'MISSED'}\n", flush=True)
    return is_met


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120.0, metavar="S")
    parser.add_argument("--viewers", type=int, default=50, metavar="COUNT")
    arguments = parser.parse_args()
    print(f"{'':41} {'with':>8} {'without':>8} {'ratio':>8}")
    bench = Bench()
    met = [
        measure_idle(bench),
        measure_viewer(),
        measure_crowd(bench, arguments.seconds, arguments.viewers),
        measure_crowd_with_camera(arguments.seconds, arguments.viewers),
    ]
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
