"""Defects of single pictures: flat, blurred, tiny, or without a detected face."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import SIDE, FaceSet
from fer_data.readers import read_faces
from fer_edge.cameras.pictures import read_grey
from fer_edge.detection.haar import HaarDetector
from fer_edge.inference.crop import sharpness
from fer_edge.progress import bar

FLAT = 8.0  # standard deviation, grey values
BLURRED = 0.12  # sharpness
TINY = 24  # pixels, shorter side
PHOTOGRAPH = 128  # pixels; from this shorter side on, faces are detected in the picture as it is
ENLARGED = 4 * SIDE  # pixels
BORDER = 0.4  # of the enlarged crop
MIN_FACE_IN_CROP = 0.4  # of the height


def read_complete(data: Path, votes: Path | None = None) -> tuple[FaceSet, NDArray[np.int64]]:
    """The faces of `data` as read_faces() returns them, and width and height of their originals, int64 [N,2].

    Raises DataError.
    """
    faces = read_faces(data, votes)
    sizes = np.full((len(faces), 2), SIDE)
    if data.is_dir():
        for index, name in enumerate(bar(faces.names.tolist(), "check the files", "picture", len(faces))):
            height, width = read_grey(data / name).shape
            sizes[index] = width, height
    return faces, sizes


def is_flat(faces: FaceSet) -> NDArray[np.bool_]:
    """A mask [N] of pictures with hardly any contrast: a standard deviation below FLAT grey values.

    In FER-2013 these are the empty ones and one nearly black; the next face, dim but recognisable, has 14.
    """
    return np.array([face.std() < FLAT for face in faces.pixels], bool)


def is_blurred(faces: FaceSet) -> NDArray[np.bool_]:
    """A mask [N] of pictures with a sharpness below BLURRED that are not flat.

    In FER-2013 that is one picture in a thousand (the median is 0.73); strongly enlarged faces are among them.
    """
    return np.array([face.std() >= FLAT and sharpness(face) < BLURRED for face in faces.pixels], bool)


def is_tiny(sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """A mask [N] of originals, sizes int64 [N,2], whose shorter side is below TINY pixels."""
    return np.asarray(sizes.min(axis=1) < TINY, bool)


def is_faceless(faces: FaceSet, sizes: NDArray[np.int64], data: Path) -> NDArray[np.bool_]:
    """A mask [N] of pictures in which the detector of the device finds no face.

    It misses nearly one in four tightly cropped faces (turned, or covered by hands): this is a hint, not a verdict. A
    crop is enlarged to ENLARGED pixels and given a border first; in a photograph, by its size, faces are detected as on
    the device.
    """
    in_photograph, in_crop = HaarDetector(), HaarDetector(MIN_FACE_IN_CROP)
    missing = np.zeros(len(faces), bool)
    for index in bar(range(len(faces)), "detect faces", "picture"):
        if sizes[index].min() >= PHOTOGRAPH:
            missing[index] = not in_photograph.detect(read_grey(data / str(faces.names[index])))
        else:
            missing[index] = not any(in_crop.detect(picture) for picture in _with_borders(faces.pixels[index]))
    return missing


def _with_borders(face: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """A crop, enlarged, with its edge repeated and with a grey border: some faces are detected in only one of them."""
    large = cv2.resize(face, (ENLARGED, ENLARGED), interpolation=cv2.INTER_CUBIC)
    edges = (round(BORDER * ENLARGED),) * 4
    repeated = cv2.copyMakeBorder(large, *edges, cv2.BORDER_REPLICATE)
    grey = cv2.copyMakeBorder(large, *edges, cv2.BORDER_CONSTANT, value=(128,))
    return [np.asarray(repeated, np.uint8), np.asarray(grey, np.uint8)]
