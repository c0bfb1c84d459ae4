"""How accuracy depends on the crop: that of the data set, or the detector's box with a margin.

usage: python tests/benchmarks/margin.py MODEL DATA [SPLIT]

Each face is enlarged four times and given a border that repeats its edge. The picture is searched and the face cropped
and classified as on the device. Faces that the detector misses are counted and left out of every row, so that the rows
compare the same faces.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from fer_data.data_source import DataSource
from fer_edge.detection.haar import HaarDetector
from fer_edge.geometry import Box
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.crop import crop_face
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import read_model
from fer_edge.progress import bar

MARGINS = (-0.1, -0.05, 0.0, 0.05, 0.1, 0.15)
SIDE, BORDER = 192, 72  # pixels: of an enlarged face, and of the border on each side
MIN_FACE = 0.4  # of the height of the picture


def main(path: Path, data: Path, split: str) -> None:
    """Print the width of the detected boxes and the accuracy with each margin."""
    model = read_model(path)
    classifier = EmotionClassifier(model, open_engine(model))
    faces = DataSource(data).read().choose(model.labels).split(split)
    detector = HaarDetector(MIN_FACE)
    boxes: list[Box | None] = []
    pictures = []
    for face in bar(faces.pixels, "search", "face", len(faces)):
        large = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        pictures.append(np.asarray(cv2.copyMakeBorder(large, *(BORDER,) * 4, cv2.BORDER_REPLICATE), np.uint8))
        found = detector.detect(pictures[-1])
        boxes.append(found[0] if found else None)
    detected = np.array([box is not None for box in boxes])
    labels = faces.labels[detected]
    sizes = np.array([box.w / SIDE for box in boxes if box])
    low, median, high = np.percentile(sizes, (10, 50, 90))
    print(f"{model.name}: {detected.sum()} of {len(faces)} faces of {split} are detected")
    print(f"width of the box by that of the face: median {median:.2f}, p10 {low:.2f}, p90 {high:.2f}")

    def accuracy(crops: list[np.ndarray]) -> float:
        return 100 * float((classifier.classify(crops).argmax(axis=1) == labels).mean())

    print(f"crops of the set {accuracy(list(faces.pixels[detected])):.2f} %")
    for margin in MARGINS:
        crops = [
            crop_face(picture, box, margin, classifier.side)
            for picture, box in zip(pictures, boxes, strict=True)
            if box
        ]
        print(f"margin {margin:+.2f}     {accuracy(crops):.2f} %")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "PublicTest")
