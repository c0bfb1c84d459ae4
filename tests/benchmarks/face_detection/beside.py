"""How soon a second face is reported beside one that is tracked, on wallpapers, with a camera that is still or shakes.

The first face is there from the start, the second one appears after a while. Each person of the portraits is the second
one on several backgrounds; the halves of the portraits are given halves of the backgrounds.
"""

from __future__ import annotations

import itertools
import statistics
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.benchmarks.face_detection import wallpapers
from tests.benchmarks.face_detection.clips import HEIGHT, WIDTH, with_noise
from tests.benchmarks.face_detection.methods import Method, open_method
from tests.benchmarks.face_detection.options import REPORT, TUNE, Options, in_half
from tests.benchmarks.face_detection.portraits import Portrait, portraits
from tests.benchmarks.face_detection.recall import covers

from fer_edge.cameras.frame import Frame
from fer_edge.config.model import DETECTORS

SIZES = (42, 60, 100)  # width of the second face, pixels
FIRST_SIZE = 120  # the same of the first
RATES = (12.5, 30.0)  # frames a second
APPEARS, LASTS = 1.5, 3.0  # seconds until the second face appears, and after that
NOISE = 2.0  # grey levels, standard deviation
MARGIN = 30  # pixels by which a shaking camera may move; up to two in a frame
CUT = 2.2  # widths of a face; so much of its portrait is pasted
FIRST_CENTRE = (180, 270)
SECOND_CENTRES = {TUNE: (440, 230), REPORT: (470, 320)}


def report(options: Options) -> bool:
    """Print how many second faces the pipelines report, and after how long. Returns True: there is no target."""
    wallpapers.fetch()
    names = list(portraits())
    methods = [method for method in options.methods if method in DETECTORS]
    print("second face beside a tracked one".ljust(34), *(f"{half:>14}" for half in options.halves))
    for method, size in itertools.product(methods, SIZES):
        chosen = in_half(names, options.half)
        tasks = list(itertools.product([method], chosen, [size], RATES, [False, True]))
        delays = dict(zip(tasks, options.map(_delay, tasks), strict=True))
        columns = []
        for half in options.halves:
            people = set(in_half(names, half))
            columns.append(_summary([delay for task, delay in delays.items() if task[1] in people]))
        print(f"  {method:16} {size:3} pixels".ljust(34), *(f"{column:>14}" for column in columns), flush=True)
    return True


def _summary(delays: list[float | None]) -> str:
    found = [delay for delay in delays if delay is not None]
    share = round(100 * len(found) / len(delays))
    return f"{share}% {statistics.mean(found):.2f} s" if found else "0%"


def _delay(task: tuple[str, str, int, float, bool]) -> float | None:
    method, name, size, rate, shaking = task
    return delay(open_method(method), name, size, rate, shaking=shaking)


def delay(method: Method, name: str, size: int, rate: float, *, shaking: bool) -> float | None:
    """Seconds until a method, new, reports the second face; None if it does not.

    Args:
        method: Gets the frames.
        name: Of the portrait.
        size: Width of its face, pixels.
        rate: Frames a second.
        shaking: Whether the camera moves.
    """
    names = list(portraits())
    place = names.index(name)
    half = TUNE if place % 2 == 0 else REPORT
    centre = SECOND_CENTRES[half]
    first = portraits()[in_half(names, half)[place // 2 - 1]]
    pictures = in_half(_backgrounds(), half)
    before = _pasted(pictures[place // 2 % len(pictures)], first, FIRST_CENTRE, FIRST_SIZE)
    after = _pasted(before, portraits()[name], centre, size)
    rng, appears = np.random.default_rng(place), round(APPEARS * rate)
    shifts = _shifts(rng, appears + round(LASTS * rate), shaking=shaking)
    views = [_view(after if number >= appears else before, *shift) for number, shift in enumerate(shifts)]
    for number, grey in enumerate(with_noise(views, rng, NOISE)):
        found = method.step(Frame(grey, number / rate, number))
        x, y = (centre[axis] + MARGIN - shifts[number][axis] for axis in (0, 1))
        face = portraits()[name].face._replace(x=x, y=y, side=size)
        if number >= appears and any(covers(each.box, face) for each in found):
            return (number - appears) / rate
    return None


@cache
def _backgrounds() -> list[NDArray[np.uint8]]:
    """The photographs among the wallpapers, larger than a frame by the margin on each side."""
    size = (WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN)
    chosen = [wallpaper for wallpaper in wallpapers.wallpapers() if wallpaper.kind == wallpapers.PHOTOGRAPH]
    return [np.asarray(cv2.resize(each.read(), size, interpolation=cv2.INTER_AREA), np.uint8) for each in chosen]


def _pasted(background: NDArray[np.uint8], portrait: Portrait, centre: tuple[int, int], size: int) -> NDArray[np.uint8]:
    """A copy of the background with the head of a portrait, its face of this width, at a point of the frame."""
    picture, face = portrait
    scale = size / face.side
    if scale < 1:  # warpAffine does not average
        picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        face, scale = face._replace(x=face.x * scale, y=face.y * scale, side=size), 1.0
    x, y = (value + MARGIN for value in centre)
    move = np.array([[scale, 0, x - scale * face.x], [0, scale, y - scale * face.y]])
    shape = background.shape[::-1]
    inside = cv2.warpAffine(np.full(picture.shape, 255, np.uint8), move, shape) == 255
    half = round(CUT * size / 2)
    inside[: y - half] = inside[y + half :] = inside[:, : x - half] = inside[:, x + half :] = False
    return np.asarray(np.where(inside, cv2.warpAffine(picture, move, shape), background), np.uint8)


def _shifts(rng: np.random.Generator, count: int, *, shaking: bool) -> list[tuple[int, int]]:
    """Where the left upper corner of each frame is in the picture, pixels."""
    steps = rng.integers(-2, 3, (count, 2)) * shaking
    corners = np.full(2, MARGIN)
    shifts = []
    for step in steps:
        corners = np.clip(corners + step, 0, 2 * MARGIN)
        shifts.append((int(corners[0]), int(corners[1])))
    return shifts


def _view(picture: NDArray[np.uint8], x: int, y: int) -> NDArray[np.uint8]:
    return picture[y : y + HEIGHT, x : x + WIDTH]
