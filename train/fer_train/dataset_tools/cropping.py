"""Faces cropped from photographs as the device crops them from its frames."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_data.data_source import report_notices
from fer_data.output_folder import check_empty, check_outside, output_folder
from fer_data.readers.folders import find_pictures
from fer_edge.detection.base import Detectors
from fer_edge.detection.still_detector import StillDetector
from fer_edge.errors import DataError, UsageError
from fer_edge.inference.crop import crop_face
from fer_edge.progress import bar
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


@dataclass(frozen=True)
class CropOptions:
    """How faces are detected and cropped.

    Attributes:
        margin: Widens the box of the face on each side, as a share of its size.
        side: Width and height of the faces, pixels.
        min_face: The smallest face to detect, as a share of the height of the photograph.
        detectors: Detect the faces; by default the Haar cascade alone. The face network also turns them upright.
    """

    margin: float = 0.0
    side: int = 48
    min_face: float = 0.1
    detectors: Detectors = field(default_factory=Detectors)

    def check(self) -> None:
        """Raise UsageError if a number is out of range."""
        if not (math.isfinite(self.margin) and 0 <= self.margin <= 5):
            raise UsageError(f"--margin {self.margin}: must be between 0 and 5")
        if not 8 <= self.side <= 1024:
            raise UsageError(f"--side {self.side}: must be between 8 and 1024")
        if not 0 < self.min_face <= 1:
            raise UsageError(f"--min-face {self.min_face}: must be more than 0 and at most 1")


def crop(data: Path, out: Path, options: CropOptions | None = None) -> CropCounts:
    """Write the largest face of each photograph as a grey PNG in the same tree, and the others to rejected.csv.

    Args:
        data: A folder of photographs, ROOT/<class>/* or ROOT/<split>/<class>/*.
        out: A new folder, outside `data`.
        options: How faces are detected and cropped.

    Raises:
        UsageError: An option out of range, or `out` is not empty or lies in `data`.
        DataError: No pictures in `data`.
    """
    options = options or CropOptions()
    options.check()
    if data.is_file():
        raise UsageError(f"{data}: is a file", cure="give a folder of photographs, ROOT/<class>/*")
    check_outside(data, out)
    check_empty(out)
    photographs, notices = find_pictures(data)
    report_notices(data, notices)
    cropper = _Cropper(options)
    rejected: list[Rejected] = []
    used: set[Path] = set()
    several = 0
    with output_folder(out):
        for photograph in bar(photographs, "crop faces", "picture"):
            name = photograph.path.relative_to(data)
            try:
                grey = photograph.read()
            except DataError:
                rejected.append(Rejected(str(name), photograph.split, photograph.label, UNREADABLE))
                continue
            face, count = cropper.crop_largest(grey)
            if face is None:
                rejected.append(Rejected(str(name), photograph.split, photograph.label, FACELESS))
                continue
            several += count > 1
            target = out / _unused(name, used)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(cv2.imencode(".png", face)[1].tobytes())
        write_rejected(rejected, out)
    faceless = sum(row.reason == FACELESS for row in rejected)
    return CropCounts(len(used), several, faceless, len(rejected) - faceless)


class _Cropper:
    """Crops faces from photographs as `Pipeline` does from still pictures."""

    def __init__(self, options: CropOptions) -> None:
        self._options, self._detector = options, StillDetector(options.min_face, options.detectors)

    def crop_largest(self, grey: NDArray[np.uint8]) -> tuple[NDArray[np.uint8] | None, int]:
        """The crop of the largest face in a photograph, uint8 [side,side], or None; and the number of faces in it."""
        margin, side, contrast = self._options.margin, self._options.side, self._options.detectors.contrast_stretch()
        faces = self._detector.detect(grey, contrast)
        if not faces:
            return None, 0
        return crop_face(grey, faces[0].box, margin, side, faces[0].angle or 0.0, contrast), len(faces)


def _unused(name: Path, used: set[Path]) -> Path:
    """The file for the face of a photograph: a.png for a.jpg, or a.jpg.png if there was an a.bmp before it."""
    target = name.with_suffix(".png")
    while target in used:
        target = target.with_name(f"{name.name}.png" if target.stem == name.stem else f"{target.stem}_.png")
    used.add(target)
    return target
