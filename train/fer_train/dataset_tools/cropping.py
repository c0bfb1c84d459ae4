"""Faces cropped from photographs as the device crops them from its frames."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import cv2

from fer_data.output_folder import check_empty, check_outside, output_folder
from fer_data.readers.folders import find_pictures
from fer_edge.cameras.pictures import read_grey
from fer_edge.detection.haar import HaarDetector
from fer_edge.errors import DataError, UsageError
from fer_edge.inference.crop import crop_face
from fer_edge.progress import bar
from fer_train.dataset_tools.quality import complete_size
from fer_train.dataset_tools.rejected import FACELESS, UNREADABLE, Rejected, write_rejected


class CropCounts(NamedTuple):
    """What became of the photographs.

    Attributes:
        faces: Faces written.
        several: Photographs with several faces, of which the largest was taken.
        faceless: Photographs without a detected face.
        unreadable: Files that could not be read.
    """

    faces: int
    several: int
    faceless: int
    unreadable: int


def crop(data: Path, out: Path, margin: float = 0.0, side: int = 48, min_face: float = 0.1) -> CropCounts:
    """Write the largest face of each photograph as a grey PNG in the same tree, and the others to rejected.csv.

    Args:
        data: A folder of photographs, ROOT/<class>/* or ROOT/<split>/<class>/*.
        out: A new folder, outside `data`.
        margin: Widens the box of the face on each side, as a share of its size.
        side: Width and height of the faces, pixels.
        min_face: The smallest face to detect, as a share of the height of the photograph.

    Raises:
        UsageError: A number out of range, or `out` is not empty or lies in `data`.
        DataError: No pictures in `data`.
    """
    _check(margin, side, min_face)
    if data.is_file():
        raise UsageError(f"{data}: is a file", cure="give a folder of photographs, ROOT/<class>/*")
    check_outside(data, out)
    check_empty(out)
    photographs = find_pictures(data)
    detector = HaarDetector(min_face)
    rejected: list[Rejected] = []
    used: set[Path] = set()
    several = 0
    with output_folder(out):
        for path, split, label in bar(photographs, "crop faces", "picture"):
            name = path.relative_to(data)
            try:
                complete_size(path)
                grey = read_grey(path)
            except DataError:
                rejected.append(Rejected(str(name), split, label, UNREADABLE))
                continue
            boxes = detector.detect(grey)
            if not boxes:
                rejected.append(Rejected(str(name), split, label, FACELESS))
                continue
            several += len(boxes) > 1
            target = out / _unused(name, used)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(cv2.imencode(".png", crop_face(grey, boxes[0], margin, side))[1].tobytes())
        write_rejected(rejected, out)
    faceless = sum(row.reason == FACELESS for row in rejected)
    return CropCounts(len(used), several, faceless, len(rejected) - faceless)


def _check(margin: float, side: int, min_face: float) -> None:
    if not (math.isfinite(margin) and 0 <= margin <= 5):
        raise UsageError(f"--margin {margin}: must be between 0 and 5")
    if not 8 <= side <= 1024:
        raise UsageError(f"--side {side}: must be between 8 and 1024")
    if not 0 < min_face <= 1:
        raise UsageError(f"--min-face {min_face}: must be more than 0 and at most 1")


def _unused(name: Path, used: set[Path]) -> Path:
    """The file for the face of a photograph: a.png for a.jpg, or a.jpg.png if there was an a.bmp before it."""
    target = name.with_suffix(".png")
    while target in used:
        target = target.with_name(f"{name.name}.png" if target.stem == name.stem else f"{target.stem}_.png")
    used.add(target)
    return target
