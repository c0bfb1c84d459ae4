"""What the live page costs the sensor: with nobody, with one, and with a crowd that looks on.

Each figure stands beside that of the same run without the page, or without viewers, measured by turns; what counts is
the median of the pairs. Others want the cores, too: the viewers, and whatever else runs here. So the engine's time is
that which its thread did not wait for a core. Exits with 1 when a target is missed.

usage: python -m tests.benchmarks.web [--seconds S] [--viewers COUNT]

--seconds: how long the crowd comes and goes, twice: in turns, beside an engine that runs as fast as it can, and at a
stretch, beside a camera.
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
from tests.benchmarks.daemon import Daemon, daemon
from tests.benchmarks.engine import repeated
from tests.support import WALK

from fer_edge.cameras.files import VideoFile
from fer_edge.cameras.frame import Frame
from fer_edge.config.model import DEFAULT_MODEL, Config
from fer_edge.config.web import WebOptions
from fer_edge.daemon import Daemon as RunDaemon
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.engine import open_engine
from fer_edge.inference.model_file import read_model
from fer_edge.web import frame_message
from fer_edge.web.server import WebServer

UNSEEN, WATCHED, CROWDED, GROWTH = 1.02, 0.1, 0.05, 4.0  # targets: times, of a core, share of the rate, MB
WATCHED_FPS, CROWDED_FPS = 10, 25  # of the camera
ROUNDS, FRAMES = 12, 500  # with nobody
PAIRS, TURN = 12, 3.0  # of turns with and without viewers; seconds of each
SETTLE = 0.5  # seconds before a turn that count for nothing

Reel = Iterator[Frame]


class Endless:
    """The clip, forth and back without end, as fast as it is taken; `play` says how much of it."""

    live, dropped, problem, name = False, 0, None, "clip"

    def __init__(self, frames: list[Frame], play: Callable[[Reel], Reel]) -> None:
        self._frames, self._play = frames, play

    def __iter__(self) -> Reel:
        return self._play(repeated(self._frames, sys.maxsize))

    def close(self) -> None:
        pass


class Bench:
    """Runs the service in this process."""

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        model = read_model(DEFAULT_MODEL)
        self._classifier = EmotionClassifier(model, open_engine(model))
        self._classifier.warm_up()
        self._frames = list(VideoFile(WALK))
        gc.freeze()  # as the command does

    def run(self, play: Callable[[Reel], Reel], page: WebServer | None) -> None:
        source, config = Endless(self._frames, play), Config(camera="clip", broker=None)
        RunDaemon(config, source, self._classifier, observers=[page] if page else []).run()


@dataclass(frozen=True)
class Spent:
    """Seconds a frame: on the clock, of the engine, and of processor in other threads."""

    wall: float
    engine: float
    others: float


class Turn:
    """A turn, in the engine's thread."""

    def __init__(self) -> None:
        self._began, self._cpu, self._mine = time.perf_counter(), time.process_time(), time.thread_time()
        self._waited = waited()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began

    def spent(self, frames: int) -> Spent:
        wall, mine = self.seconds, time.thread_time() - self._mine
        engine, others = wall - (waited() - self._waited), time.process_time() - self._cpu - mine
        return Spent(wall / frames, engine / frames, others / frames)


def waited() -> float:
    """Seconds that this thread was ready to run and had no core (the kernel's sched-stats.rst)."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


def unseen(bench: Bench) -> bool:
    """The page is there, and nobody looks."""
    made: list[int] = []
    encode = frame_message.encode_jpeg
    frame_message.encode_jpeg = lambda picture: made.append(1) or encode(picture)

    def cpu(page: WebServer | None) -> float:
        before = time.process_time()
        bench.run(lambda reel: islice(reel, FRAMES), page)
        return (time.process_time() - before) / FRAMES

    cpu(None)
    pairs = [(cpu(WebServer(WebOptions(("127.0.0.1", 0)), None)), cpu(None)) for _ in range(ROUNDS)]
    frame_message.encode_jpeg = encode
    times = row("nobody", "ms of CPU a frame", [(1000 * there, 1000 * none) for there, none in pairs])
    print(f"{'':14} JPEGs made: {len(made)}")
    return verdict(times <= UNSEEN and not made, f"at most {UNSEEN} times, and no JPEG")


def crowded(bench: Bench, seconds: float, viewers: int) -> bool:
    """A crowd beside an engine that runs as fast as it can."""
    page = WebServer(WebOptions(("127.0.0.1", 0)), None)
    crowd, counts = Crowd(int(page.url.split(":")[2].strip("/")), viewers), Counter[str]()
    pairs: list[tuple[Spent, Spent]] = []

    def turn(reel: Reel, into: list[Spent]) -> Reel:
        settling = Turn()
        while settling.seconds < SETTLE:
            yield next(reel)
        number, measured = 0, Turn()
        while measured.seconds < TURN:
            yield next(reel)
            number += 1
        into.append(measured.spent(number))

    def play(reel: Reel) -> Reel:
        for _ in range(max(2, round(seconds / TURN))):
            pair: list[Spent] = []
            crowd.come()
            yield from turn(reel, pair)
            counts.update(crowd.go())
            yield from turn(reel, pair)
            pairs.append((pair[0], pair[1]))

    bench.run(play, page)
    crowd.close()
    name = f"{viewers} viewers"
    times = row(name, "ms of the engine a frame", [(1000 * a.engine, 1000 * b.engine) for a, b in pairs])
    row("", "frames a second", [(1 / a.wall, 1 / b.wall) for a, b in pairs])
    row("", "% of a core, the page's", [(100 * a.others / a.wall, 100 * b.others / b.wall) for a, b in pairs])
    print(f"{'':14} {told(counts)}")
    return verdict(times <= 1 / (1 - CROWDED), f"at most {1 / (1 - CROWDED):.3f} times")


def rate(of: Daemon, seconds: float, figure: Callable[[Daemon], float]) -> float:
    """By how much a figure of a daemon grows in a second."""
    time.sleep(SETTLE)
    began, before = time.perf_counter(), figure(of)
    time.sleep(seconds)
    return (figure(of) - before) / (time.perf_counter() - began)


def watched() -> bool:
    """One viewer, as the page is."""
    with daemon(WATCHED_FPS) as running:
        crowd, counts, pairs = Crowd(running.port, 1, still=True), Counter[str](), []
        for _ in range(PAIRS):
            crowd.come()
            there = rate(running, TURN, lambda daemon: daemon.cpu)
            counts += crowd.go()
            pairs.append((100 * there, 100 * rate(running, TURN, lambda daemon: daemon.cpu)))
        crowd.close()
    row("1 viewer", "% of a core", pairs)
    cost = statistics.median(there - none for there, none in pairs)
    shown = counts["frames"] / (PAIRS * (TURN + SETTLE))
    print(f"{'':14} {cost:.1f} % of a core more, {shown:.1f} pictures a second")
    return verdict(cost <= 100 * WATCHED and shown > 0.8 * WATCHED_FPS, f"at most {WATCHED:.0%} of a core")


def paced(seconds: float, viewers: int) -> bool:
    """A crowd at a stretch beside a camera."""
    with daemon(CROWDED_FPS) as running:
        crowd = Crowd(running.port, viewers)
        alone = [rate(running, TURN, lambda daemon: daemon.frames) for _ in range(PAIRS // 2)]
        memory = [running.memory]
        crowd.come()
        beside = []
        for _ in range(max(2, round(seconds / (TURN + SETTLE)))):
            beside.append(rate(running, TURN, lambda daemon: daemon.frames))
            memory.append(running.memory)
        counts = crowd.go()
        crowd.close()
        alone += [rate(running, TURN, lambda daemon: daemon.frames) for _ in range(PAIRS // 2)]
    there, none = statistics.median(beside), statistics.median(alone)
    row(f"{viewers}, a camera", "frames a second", [(there, none)])
    start, middle, end = memory[0], memory[len(memory) // 2], memory[-1]
    print(f"{'':14} {start:.1f} MB at the start, {middle:.1f} in the middle, {end:.1f} at the end")
    print(f"{'':14} {told(counts)}")
    met = there >= (1 - CROWDED) * none and end - middle <= GROWTH
    return verdict(met, f"at least {1 - CROWDED} times, and at most {GROWTH} MB from the middle to the end")


def told(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def row(what: str, unit: str, pairs: list[tuple[float, float]]) -> float:
    """Print the medians with and without, and the median of their ratios, which is returned."""
    times = statistics.median(there / none if none else 0.0 for there, none in pairs)
    there, none = (statistics.median(values) for values in zip(*pairs, strict=True))
    print(f"{what:14} {unit:24} {there:8.2f} {none:8.2f} {times:8.3f}", flush=True)
    return times


def verdict(met: bool, target: str) -> bool:
    print(f"{'':14} target: {target}: {'met' if met else 'MISSED'}\n", flush=True)
    return met


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120.0, metavar="S")
    parser.add_argument("--viewers", type=int, default=50, metavar="COUNT")
    arguments = parser.parse_args()
    print(f"{'':39} {'with':>8} {'without':>8} {'times':>8}")
    bench = Bench()
    met = [unseen(bench), watched()]
    met += [crowded(bench, arguments.seconds, arguments.viewers), paced(arguments.seconds, arguments.viewers)]
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
