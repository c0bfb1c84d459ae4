"""False faces on pictures without a face: still with the noise of a sensor, and slowly panned and zoomed.

A false face is a track that is reported, which is a `start` event of the pipeline. Frames and their timestamps are
1 / FPS apart. Every clip begins with a new pipeline. Plain searches get one frame in PLAIN_INTERVAL, so that false
faces that last for less than that are counted as if they lasted.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, repeat

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.benchmarks.face_detection.clips import HEIGHT, WIDTH, with_noise
from tests.benchmarks.face_detection.methods import Method, frame_interval, open_method
from tests.benchmarks.face_detection.options import Options, in_half
from tests.benchmarks.face_detection.wallpapers import KINDS, PHOTOGRAPH, Wallpaper, fetch, wallpapers

from fer_edge.cameras.frame import Frame
from fer_edge.config.model import DETECTORS

FPS = 10.0  # frames of the clips per second
NOISE = 2.0  # grey levels, standard deviation
ZOOMS = (1.0, 0.6, 0.36, 0.22)  # height of the view by that of the picture
STILL_TIME, STILL_VIEWS = 12.0, (1, 2, 3, 4)  # seconds of each still view, and their number with each zoom
PAN_TIME, PAN_SPEED = 40.0, 20.0  # seconds of each pan, and pixels of the view per second
ZOOM_RANGE, ZOOM_PERIOD = 0.06, 20.0  # of a pan: share by which it zooms in and out, and seconds
QUICK = 4  # times fewer seconds
MOST = 6  # pictures listed
MAX_PER_HOUR, MAX_TIME_SHARE = 1.0, 0.001  # targets, on photographs


@dataclass
class Count:
    """False faces in clips.

    Attributes:
        seconds: Length of the clips.
        seconds_with: Seconds with a false face.
        starts: Number of false faces.
        longest: The longest life of one, seconds.
        by_picture: Number of false faces by the name of the picture.
    """

    seconds: float = 0.0
    seconds_with: float = 0.0
    starts: int = 0
    longest: float = 0.0
    by_picture: Counter[str] = field(default_factory=Counter)

    @property
    def per_hour(self) -> float:
        """False faces an hour."""
        return 3600 * self.starts / self.seconds if self.seconds else 0.0

    @property
    def time_share(self) -> float:
        """Share of the time with a false face, 0..1."""
        return self.seconds_with / self.seconds if self.seconds else 0.0

    @property
    def meets_target(self) -> bool:
        """Whether there are as few false faces as there may be on photographs."""
        return self.per_hour <= MAX_PER_HOUR and self.time_share < MAX_TIME_SHARE

    def __str__(self) -> str:
        """The columns of the table, and the pictures with the most false faces."""
        pictures = ", ".join(f"{name} {count}" for name, count in self.by_picture.most_common(MOST))
        return (
            f"{self.seconds / 3600:5.2f} {self.starts:6} {self.per_hour:8.1f} {100 * self.time_share:7.2f} "
            f"{self.longest:9.1f}  {pictures}"
        )

    def add(self, other: Count) -> None:
        """Add the false faces of other clips."""
        self.seconds += other.seconds
        self.seconds_with += other.seconds_with
        self.starts += other.starts
        self.longest = max(self.longest, other.longest)
        self.by_picture += other.by_picture


def report(options: Options) -> bool:
    """Print the false faces of each method. Returns whether the pipelines meet the targets on photographs."""
    fetch()
    print(f"{'false faces':14} {'':10} {'':11} {'hours':>5} {'faces':>6} {'an hour':>8} {'time %':>7} {'longest s':>9}")
    met = True
    for method in options.methods:
        for kind in KINDS:
            counts = _count_kind(method, kind, options)
            for name, count in counts.items():
                print(f"{method:14} {kind:10} {name:11} {count}", flush=True)
            if kind == PHOTOGRAPH and method in DETECTORS:
                met = met and counts[options.half].meets_target
    return met


def _count_kind(method: str, kind: str, options: Options) -> dict[str, Count]:
    """The counts by motion and by half of the pictures."""
    pictures = [wallpaper for wallpaper in wallpapers() if wallpaper.kind == kind]
    chosen = in_half(pictures, options.half)
    counts = {name: Count() for name in (*CLIPS, *options.halves)}
    results = options.map(_count_picture, [(method, wallpaper, options.quick) for wallpaper in chosen])
    for wallpaper, result in zip(chosen, results, strict=True):
        for motion, count in result.items():
            counts[motion].add(count)
            for half in options.halves:
                if wallpaper in in_half(pictures, half):
                    counts[half].add(count)
    return counts


def _count_picture(task: tuple[str, Wallpaper, bool]) -> dict[str, Count]:
    """False faces by motion."""
    method, wallpaper, quick = task
    picture = wallpaper.read()
    counts = {}
    for motion, clips in CLIPS.items():
        counts[motion] = Count()
        for clip in clips(picture, wallpaper.name, quick=quick):
            counts[motion].add(count_clip(wallpaper.name, open_method(method), clip))
    return counts


def count_clip(name: str, method: Method, pictures: Iterator[NDArray[np.uint8]]) -> Count:
    """The faces that a method reports in a clip without a face, of a picture called `name`."""
    lives: Counter[int] = Counter()
    frames = frames_with = 0
    interval = frame_interval(method)
    for number, picture in islice(enumerate(pictures), 0, None, interval):
        found = method.step(Frame(picture, number / FPS, number))
        lives.update({face.track for face in found})
        frames += 1
        frames_with += bool(found)
    seconds = interval / FPS
    longest = max(lives.values(), default=0) * seconds
    names = Counter({name: len(lives)}) if lives else Counter()
    return Count(frames * seconds, frames_with * seconds, len(lives), longest, names)


def still_clips(picture: NDArray[np.uint8], name: str, *, quick: bool = False) -> Iterator[Iterator[NDArray[np.uint8]]]:
    """Clips of still views of a picture, uint8 [480,640], at random places with each zoom."""
    rng = _rng(name)
    for zoom, views in zip(ZOOMS, STILL_VIEWS, strict=True):
        scaled, scale = _scaled(picture, zoom)
        for _ in range(views):
            centre = _random_centre(rng, scaled, scale)
            view = _view(scaled, centre, scale)
            yield with_noise(repeat(view, _frames(STILL_TIME, quick=quick)), rng, NOISE)


def pan_clips(picture: NDArray[np.uint8], name: str, *, quick: bool = False) -> Iterator[Iterator[NDArray[np.uint8]]]:
    """A clip that pans and zooms slowly over a picture with each zoom, uint8 [480,640]."""
    rng = _rng(name)
    for zoom in ZOOMS:
        scaled, scale = _scaled(picture, zoom * (1 - ZOOM_RANGE))
        start, angle = _random_centre(rng, scaled, scale), rng.uniform(0, 2 * math.pi)
        yield with_noise(_pan(scaled, start, angle, scale, _frames(PAN_TIME, quick=quick)), rng, NOISE)


def _rng(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


def _frames(seconds: float, *, quick: bool) -> int:
    return round(seconds * FPS / (QUICK if quick else 1))


def _scaled(picture: NDArray[np.uint8], zoom: float) -> tuple[NDArray[np.uint8], float]:
    """The picture reduced so that a view with this zoom needs no more reduction, and what is left to enlarge it."""
    height, width = picture.shape
    view_height = zoom * min(height, width * HEIGHT / WIDTH)
    scale = HEIGHT / view_height
    if scale >= 1:
        return picture, scale
    size = (round(width * scale), round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8), 1.0


def _random_centre(rng: np.random.Generator, picture: NDArray[np.uint8], scale: float) -> NDArray[np.float64]:
    """The centre of a view inside the picture, x and y in pixels of the picture."""
    half = np.array([WIDTH, HEIGHT]) / scale / 2
    low, high = half, np.maximum(half, np.array(picture.shape[::-1]) - half)
    return rng.uniform(low, high)


def _view(picture: NDArray[np.uint8], centre: NDArray[np.float64], scale: float) -> NDArray[np.uint8]:
    move = np.array([[scale, 0, WIDTH / 2 - scale * centre[0]], [0, scale, HEIGHT / 2 - scale * centre[1]]])
    view = cv2.warpAffine(picture, move, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(view, np.uint8)


def _pan(
    picture: NDArray[np.uint8], start: NDArray[np.float64], angle: float, scale: float, frames: int
) -> Iterator[NDArray[np.uint8]]:
    """Views that move at PAN_SPEED and turn back at the edges of the picture."""
    direction = np.array([math.cos(angle), math.sin(angle)])
    for number in range(frames):
        time = number / FPS
        zoom = scale * (1 - ZOOM_RANGE / 2 * (1 - math.cos(2 * math.pi * time / ZOOM_PERIOD)))
        half = np.array([WIDTH, HEIGHT]) / zoom / 2
        width = np.maximum(np.array(picture.shape[::-1]) - 2 * half, 1e-9)  # of where the centre may be
        offset = (start - half + direction * PAN_SPEED * time / scale) % (2 * width)
        yield _view(picture, half + width - np.abs(offset - width), zoom)


CLIPS = {"still": still_clips, "panned": pan_clips}
