"""How accuracy depends on the tilt of the head, with the upright box of a face and with its crop turned upright.

Each face of FER-2013 is enlarged, given a border that repeats its edge, and turned about its centre. The picture is
searched and the face cropped and classified as on the device. Faces that are missed at any angle are counted and left
out of every row, so that the rows compare the same faces.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.benchmarks.face_detection.methods import open_classifier, open_network
from tests.benchmarks.face_detection.options import Options

from fer_data.data_source import DataSource
from fer_data.dataset import PUBLIC_TEST
from fer_edge.detection.base import Detectors
from fer_edge.detection.still_detector import StillDetector
from fer_edge.inference.crop import crop_face

ANGLES = (0, 15, 25, 35)  # degrees clockwise
SIDE, BORDER = 192, 72  # pixels: of an enlarged face, and of the border on each side
MIN_FACE = 0.4  # of the height of the picture
CHUNK = 128  # faces of a task
QUICK = 500  # faces
MAX_LOSS = 1.5  # target: percentage points from the smallest to the largest angle, aligned

Pixels = NDArray[np.uint8]


@cache
def open_detectors() -> Detectors:
    """The default detectors."""
    return Detectors(network=open_network())


@cache
def open_detector() -> StillDetector:
    """What detects the faces, as the device detects those of a still picture."""
    return StillDetector(MIN_FACE, open_detectors())


def turned_picture(face: Pixels, angle: float) -> Pixels:
    """A face, uint8 [48,48], enlarged and turned by `angle` degrees clockwise."""
    large = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    picture = cv2.copyMakeBorder(large, *(BORDER,) * 4, cv2.BORDER_REPLICATE)
    side = SIDE + 2 * BORDER
    turn = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), -angle, 1.0)
    return np.asarray(cv2.warpAffine(picture, turn, (side, side), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def crops(picture: Pixels) -> tuple[Pixels, Pixels] | None:
    """The crop of the upright box of the face in a picture, and the crop turned upright; None if it is not detected."""
    classifier, contrast = open_classifier(), open_detectors().contrast_stretch()
    found = open_detector().detect(picture, contrast)
    if not found:
        return None
    box, margin, side = found[0].box, classifier.model.crop_margin, classifier.side
    angles = (0.0, found[0].angle or 0.0)
    unaligned, aligned = (crop_face(picture, box, margin, side, angle, contrast) for angle in angles)
    return unaligned, aligned


def classes(faces: Pixels) -> NDArray[np.int64] | None:
    """The class of each face, uint8 [N,48,48], by angle, unaligned and aligned, [N,len(ANGLES),2]; -1 if missed."""
    result = np.full((len(faces), len(ANGLES), 2), -1)
    for row, face in zip(result, faces, strict=True):
        pairs = [crops(turned_picture(face, angle)) for angle in ANGLES]
        if all(pairs):
            flat = [crop for pair in pairs if pair for crop in pair]
            row[:] = open_classifier().classify(flat).argmax(axis=1).reshape(row.shape)
    return result


def report(options: Options) -> bool:
    """Print the accuracy by angle. Returns whether the target is met."""
    if options.data is None:
        print("accuracy of turned faces: not measured, because --data is not given")
        return True
    model = open_classifier().model
    faces = DataSource(options.data).read().choose(model.labels).split(PUBLIC_TEST)
    count = min(len(faces), QUICK if options.quick else len(faces))
    pixels, labels = faces.pixels[:count], faces.labels[:count]
    chunks = [pixels[start : start + CHUNK] for start in range(0, count, CHUNK)]
    result = np.concatenate(list(options.map(classes, chunks)))
    detected = result[:, 0, 0] >= 0
    right = 100 * (result[detected] == labels[detected, None, None]).mean(axis=0)
    print(f"{model.name}: {detected.sum()} of {count} faces of {PUBLIC_TEST} are detected at every angle")
    print(f"{'turned by':12}", *(f"{angle:6}" for angle in ANGLES), " degrees")
    for name, row in zip(("unaligned", "aligned"), right.T, strict=True):
        print(f"{name:12}", *(f"{value:6.2f}" for value in row), " %")
    return bool(right[-1, 1] >= right[0, 1] - MAX_LOSS)
