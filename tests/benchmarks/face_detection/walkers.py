"""How soon each of the three persons of the demo clip is reported, with each runtime and decoder.

All three faces are fully visible from the first frame on.
"""

from __future__ import annotations

import itertools
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from tests.benchmarks.face_detection.methods import Method, open_method
from tests.benchmarks.face_detection.options import Options
from tests.benchmarks.face_detection.portraits import WALKERS, walker_face
from tests.benchmarks.face_detection.recall import covers
from tests.support.media import WALK

from fer_edge.cameras.files import VideoFile
from fer_edge.cameras.frame import Frame
from fer_edge.config.model import DETECTORS
from fer_edge.inference.runtimes import available_runtimes

FPS = 12.5  # of the clip
MAX_DELAY = 15  # target: frames from the first one until a person is reported


def with_opencv() -> Iterator[Frame]:
    """The frames as the device reads them."""
    return iter(VideoFile(WALK))


def with_ffmpeg() -> Iterator[Frame]:
    """The frames as the program ffmpeg writes them to PNG files."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["ffmpeg", "-v", "error", "-i", str(WALK), f"{folder}/%04d.png"], check=True)
        for number, path in enumerate(sorted(Path(folder).iterdir())):
            grey = np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)
            yield Frame(grey, number / FPS, number)


DECODERS: dict[str, Callable[[], Iterator[Frame]]] = {"OpenCV": with_opencv, "ffmpeg to PNG": with_ffmpeg}


def delays(method: Method, frames: Iterator[Frame]) -> dict[str, int | None]:
    """The number of the first frame in which each person is reported; None for never."""
    first: dict[str, int | None] = dict.fromkeys(WALKERS)
    for frame in frames:
        found = method.step(frame)
        for who in WALKERS:
            face = walker_face(who, frame.number)
            if first[who] is None and any(covers(each.box, face) for each in found):
                first[who] = frame.number
    return first


def report(options: Options) -> bool:
    """Print the delay of each person, frames. Returns whether the pipelines meet the target."""
    print(f"{'frames until reported':22} {'runtime':16} {'decoder':14}", *(who.rjust(6) for who in WALKERS))
    tasks = list(itertools.product(options.methods, available_runtimes(), DECODERS))
    met = True
    for task, result in zip(tasks, options.map(_delays, tasks), strict=True):
        method, runtime, decoder = task
        columns = ("never" if delay is None else str(delay) for delay in result.values())
        print(f"{method:22} {runtime:16} {decoder:14}", *(column.rjust(6) for column in columns), flush=True)
        if method in DETECTORS:
            met = met and all(delay is not None and delay <= MAX_DELAY for delay in result.values())
    return met


def _delays(task: tuple[str, str, str]) -> dict[str, int | None]:
    method, runtime, decoder = task
    return delays(open_method(method, runtime), DECODERS[decoder]())
