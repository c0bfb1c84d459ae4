"""What is wrong with a picture by itself: flat, blurred, tiny, cut short, or without a face."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fer_data.dataset import SIDE, FaceSet
from fer_data.readers import read_faces
from fer_edge.cameras.pictures import read_grey
from fer_edge.detection.haar import HaarDetector
from fer_edge.errors import DataError
from fer_edge.progress import bar

FLAT = 8.0
BLURRED = 0.12
TINY = 24
PHOTOGRAPH = 128  # from this shorter side on, pixels, a picture is searched for a face as it is
ENLARGED = 4 * SIDE
BORDER = 0.4
SMALLEST = 0.4


def read_whole(data: Path, votes: Path | None = None) -> tuple[FaceSet, NDArray[np.int64]]:
    """The faces of `data` as `read_faces` gives them, and the width and height of their originals, int64 [N,2].

    A picture that is cut short, of which OpenCV makes a half grey one, counts among the damaged. Raises DataError.
    """
    faces = read_faces(data, votes)
    if not data.is_dir():
        return faces, np.full((len(faces), 2), SIDE)
    sizes, damaged = np.zeros((len(faces), 2), np.int64), list(faces.damaged)
    for index, name in enumerate(bar(faces.names.tolist(), "check the files", "picture", len(faces))):
        try:
            sizes[index] = whole_size(data / name)
        except DataError as error:
            damaged.append(str(error))
    whole = sizes.min(axis=1) > 0
    if not whole.any():
        raise DataError(f"{data}: no whole picture in it: {damaged[0]}")
    return replace(faces.only(whole), damaged=tuple(damaged)), sizes[whole]


def whole_size(path: Path) -> tuple[int, int]:
    """Width and height of a picture file, pixels. Raises DataError when it is no picture or is cut short."""
    try:
        with Image.open(path) as picture:
            picture.load()
            return picture.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: damaged or cut short: {error}") from error


def flat(faces: FaceSet) -> NDArray[np.bool_]:
    """A mask [N] of pictures with hardly any contrast: a standard deviation under FLAT grey values.

    In FER-2013 these are the empty ones and one nearly black; the next face, dim but clear, has 14.
    """
    return np.array([face.std() < FLAT for face in faces.pixels], bool)


def sharpness(pixels: NDArray[np.uint8]) -> float:
    """The variance of the Laplacian (Pech-Pacheco et al., ICPR 2000) by that of the picture, 0 for an even one.

    The division keeps a dim but sharp picture apart from a blurred one. `pixels` is uint8 [H,W].
    """
    variance = float(pixels.var())
    return float(cv2.Laplacian(pixels, cv2.CV_64F).var()) / variance if variance > 0 else 0.0


def blurred(faces: FaceSet) -> NDArray[np.bool_]:
    """A mask [N] of pictures with a sharpness under BLURRED that are not flat.

    In FER-2013 that is one picture of a thousand (the median is 0.73); faces much enlarged are among them.
    """
    return np.array([face.std() >= FLAT and sharpness(face) < BLURRED for face in faces.pixels], bool)


def tiny(sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """A mask [N] of originals whose shorter side is under TINY pixels; `sizes` is int64 [N,2]."""
    return np.asarray(sizes.min(axis=1) < TINY, bool)


def faceless(faces: FaceSet, sizes: NDArray[np.int64], data: Path) -> NDArray[np.bool_]:
    """A mask [N] of pictures in which the device's own detector finds no face.

    Of tightly cut faces it misses nearly one in four (turned, covered by hands), so this is a hint, not a verdict. A
    crop is enlarged to 192 pixels and given a border first; a photograph, whose `sizes` say so, is searched as it is.
    """
    detector, in_crop = HaarDetector(), HaarDetector(SMALLEST)
    missing = np.zeros(len(faces), bool)
    for index in bar(range(len(faces)), "look for faces", "picture"):
        if sizes[index].min() >= PHOTOGRAPH:
            missing[index] = not detector.detect(read_grey(data / str(faces.names[index])))
        else:
            missing[index] = not any(in_crop.detect(picture) for picture in _framed(faces.pixels[index]))
    return missing


def _framed(face: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """A crop, enlarged, within its own repeated edge and within grey: some faces are found in one alone."""
    large = cv2.resize(face, (ENLARGED, ENLARGED), interpolation=cv2.INTER_CUBIC)
    edges = (round(BORDER * ENLARGED),) * 4
    repeated = cv2.copyMakeBorder(large, *edges, cv2.BORDER_REPLICATE)
    grey = cv2.copyMakeBorder(large, *edges, cv2.BORDER_CONSTANT, value=(128,))
    return [np.asarray(repeated, np.uint8), np.asarray(grey, np.uint8)]
