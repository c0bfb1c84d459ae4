"""How accuracy depends on the crop: that of the data set, or the detected box with a margin.

usage: python tests/benchmarks/margin.py MODEL DATA [SPLIT]

Each face is enlarged four times and given a border that repeats its edge. The picture is searched and the face cropped
and classified as on the device, with its default detector. Faces that it misses are counted and left out of every row,
so that the rows compare the same faces.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_data.data_source import DataSource
from fer_edge.config.model import DEFAULT_DETECTOR
from fer_edge.detection.base import Detection
from fer_edge.detection.contrast import ContrastStretch
from fer_edge.detection.still_detector import StillDetector
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.crop import crop_face
from fer_edge.inference.detectors import open_detectors
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import read_model
from fer_edge.progress import bar

MARGINS = (-0.1, -0.05, 0.0, 0.05, 0.1, 0.15)
SIDE, BORDER = 192, 72  # pixels: of an enlarged face, and of the border on each side
MIN_FACE = 0.4  # of the height of the picture


class DetectedFace(NamedTuple):
    """An enlarged face, uint8 [H,W], where it was detected, and the stretch of its contrast."""

    picture: NDArray[np.uint8]
    detection: Detection
    contrast: ContrastStretch | None

    def crop(self, margin: float, side: int) -> NDArray[np.uint8]:
        """As on the device, uint8 [side,side]."""
        box, angle = self.detection.box, self.detection.angle or 0.0
        return crop_face(self.picture, box, margin, side, angle, self.contrast)


def main(path: Path, data: Path, split: str) -> None:
    """Print the width of the detected boxes and the accuracy with each margin."""
    model = read_model(path)
    classifier = EmotionClassifier(model, open_engine(model))
    faces = DataSource(data).read().choose(model.labels).split(split)
    detectors, warnings = open_detectors(DEFAULT_DETECTOR)
    print(*warnings, sep="\n", end="")
    detector = StillDetector(MIN_FACE, detectors)
    found: list[DetectedFace | None] = []
    for face in bar(faces.pixels, "search", "face", len(faces)):
        large = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        picture = np.asarray(cv2.copyMakeBorder(large, *(BORDER,) * 4, cv2.BORDER_REPLICATE), np.uint8)
        contrast = detectors.contrast_stretch()
        detections = detector.detect(picture, contrast)
        found.append(DetectedFace(picture, detections[0], contrast) if detections else None)
    detected = np.array([one is not None for one in found])
    labels = faces.labels[detected]
    detected_faces = [one for one in found if one]
    sizes = np.array([one.detection.box.w / SIDE for one in detected_faces])
    low, median, high = np.percentile(sizes, (10, 50, 90))
    print(f"{model.name}: {detected.sum()} of {len(faces)} faces of {split} are detected")
    print(f"width of the box by that of the face: median {median:.2f}, p10 {low:.2f}, p90 {high:.2f}")

    def accuracy(crops: list[np.ndarray]) -> float:
        return 100 * float((classifier.classify(crops).argmax(axis=1) == labels).mean())

    print(f"crops of the set {accuracy(list(faces.pixels[detected])):.2f} %")
    for margin in MARGINS:
        crops = [one.crop(margin, classifier.side) for one in detected_faces]
        print(f"margin {margin:+.2f}     {accuracy(crops):.2f} %")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "PublicTest")
