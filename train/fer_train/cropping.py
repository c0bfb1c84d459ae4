"""Faces cut from photographs as the device cuts them from its frames."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import cv2

from fer_data.output_folder import check_empty, check_outside, output_folder
from fer_data.readers import pictures
from fer_edge.cameras.pictures import read_grey
from fer_edge.detection.haar import HaarDetector
from fer_edge.errors import DataError, UsageError
from fer_edge.inference.crop import crop_face
from fer_edge.progress import bar
from fer_train.cleaning import UNREADABLE, Rejected, write_rejected
from fer_train.quality import whole_size

FACELESS = "faceless"


class Cut(NamedTuple):
    """How many faces were cut, how many photographs had several, and how many had none or could not be read."""

    faces: int
    several: int
    faceless: int
    unreadable: int


def crop(data: Path, out: Path, margin: float = 0.0, side: int = 48, min_face: float = 0.1) -> Cut:
    """Write the largest face of each photograph under `data` to `out`, same tree, as grey PNG of `side` pixels.

    `margin` widens the face's box on each side, as a share of it; `min_face` is the smallest face to look for, as a
    share of the height of the photograph. The others are named in rejected.csv. Raises UsageError for a number out of
    range and for an `out` that is not empty or lies in `data`, DataError for `data` without pictures.
    """
    _check(margin, side, min_face)
    if data.is_file():
        raise UsageError(f"{data}: is a file; faces are cut from folders of photographs, ROOT/<class>/*")
    check_outside(data, out)
    check_empty(out)
    photographs = pictures(data)
    detector = HaarDetector(min_face)
    rejected: list[Rejected] = []
    taken: set[Path] = set()
    several = 0
    with output_folder(out):
        for path, split, kind in bar(photographs, "cut faces", "picture"):
            name = path.relative_to(data)
            try:
                whole_size(path)
                grey = read_grey(path)
            except DataError:
                rejected.append(Rejected(str(name), split, kind, UNREADABLE))
                continue
            boxes = detector.detect(grey)
            if not boxes:
                rejected.append(Rejected(str(name), split, kind, FACELESS))
                continue
            several += len(boxes) > 1
            target = out / _free(name, taken)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(cv2.imencode(".png", crop_face(grey, boxes[0], margin, side))[1].tobytes())
        write_rejected(rejected, out)
    faceless = sum(row.reason == FACELESS for row in rejected)
    return Cut(len(taken), several, faceless, len(rejected) - faceless)


def _check(margin: float, side: int, min_face: float) -> None:
    if not (math.isfinite(margin) and 0 <= margin <= 5):
        raise UsageError(f"--margin {margin}: must be between 0 and 5")
    if not 8 <= side <= 1024:
        raise UsageError(f"--side {side}: must be between 8 and 1024")
    if not 0 < min_face <= 1:
        raise UsageError(f"--min-face {min_face}: must be more than 0 and at most 1")


def _free(name: Path, taken: set[Path]) -> Path:
    """Where the face of a photograph goes: a.jpg to a.png, or to a.jpg.png where there is an a.bmp before it."""
    target = name.with_suffix(".png")
    while target in taken:
        target = target.with_name(f"{name.name}.png" if target.stem == name.stem else f"{target.stem}_.png")
    taken.add(target)
    return target
