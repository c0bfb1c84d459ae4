"""Which faces are found under which conditions, each in a two-second clip."""

from __future__ import annotations

import itertools
from itertools import islice, repeat

import numpy as np
from tests.benchmarks.face_detection.clips import with_noise
from tests.benchmarks.face_detection.conditions import CONDITIONS, Condition
from tests.benchmarks.face_detection.methods import Found, Method, frame_interval, open_method
from tests.benchmarks.face_detection.options import Options, in_half
from tests.benchmarks.face_detection.portraits import Portrait, TrueFace, portraits

from fer_edge.cameras.frame import Frame
from fer_edge.config.model import DETECTORS
from fer_edge.geometry import Box

FPS, FRAMES = 30.0, 60
LAST = 30  # frames, in most of which the face has to be covered, and in the last one
MIN_IOU = 0.3  # with the true square, of a box that covers the face
MAX_OFFSET = 0.5  # or distance of the centres, in widths of the true square, on each axis


def report(options: Options) -> bool:
    """Print the share of the faces that each method finds. Returns whether the pipelines meet the targets."""
    names = list(portraits())
    chosen = in_half(names, options.half)
    conditions = [name for name, condition in CONDITIONS.items() if condition.target is not None or not options.quick]
    met = True
    for method in options.methods:
        print(f"found by {method}".ljust(26), *(half.rjust(6) for half in options.halves), " target  not found")
        results = options.map(_find, list(itertools.product([method], conditions, chosen)))
        for condition in conditions:
            target = CONDITIONS[condition].target
            hits = {name: next(results) for name in chosen}
            shares = [_percent([hits[name] for name in in_half(names, half)]) for half in options.halves]
            missed = ", ".join(name for name, hit in hits.items() if not hit)
            columns = (f"{share:5}%" for share in shares)
            print(
                f"  {condition:24}", *columns, "       " if target is None else f"{target:6}%", f" {missed}", flush=True
            )
            if method in DETECTORS and target is not None:
                met = met and shares[-1] >= target
    return met


def _percent(hits: list[bool]) -> int:
    """The share of hits, rounded to whole percents, as the targets are: 94 % are 15 of 16 faces."""
    return int(100 * sum(hits) / len(hits) + 0.5)


def _find(task: tuple[str, str, str]) -> bool:
    method, condition, portrait = task
    return find(open_method(method), portraits()[portrait], CONDITIONS[condition])


def covers(box: Box, face: TrueFace) -> bool:
    """Whether a box lies on the face: it overlaps the true square, or has its centre in the middle of it."""
    x, y = box.centre
    offset = max(abs(x - face.x), abs(y - face.y))
    return box.iou(face.box) >= MIN_IOU or offset <= MAX_OFFSET * face.side


def is_found(history: list[list[Found]], face: TrueFace, last: int = LAST) -> bool:
    """Whether a face is found: it is covered in the last frame and in most of the `last` frames."""
    covered = [any(covers(found.box, face) for found in frame) for frame in history[-last:]]
    return covered[-1] and sum(covered) > len(covered) / 2


def find(method: Method, portrait: Portrait, condition: Condition) -> bool:
    """Whether a method, new, finds the face of a portrait under a condition."""
    picture, face = condition.apply(portrait)
    frames = with_noise(repeat(picture, FRAMES), np.random.default_rng(1), condition.noise)
    interval = frame_interval(method)
    numbered = islice(enumerate(frames), 0, None, interval)
    history = [method.step(Frame(grey, number / FPS, number)) for number, grey in numbered]
    return is_found(history, face, LAST // interval)
