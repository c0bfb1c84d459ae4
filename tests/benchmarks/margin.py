"""What the detector's frame costs: accuracy on a data set's own crops and on the detector's, margin by margin.

usage: python tests/benchmarks/margin.py MODEL DATA [SPLIT]

Each face is enlarged fourfold and given a border of its repeated edge, the picture is searched as the device searches,
and what is cut from it is classified by the device's classifier. Faces that the detector does not find are counted and
left out of every column, so that the columns compare the same faces.
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
from fer_edge.inference.engine import open_engine
from fer_edge.inference.model_file import read_model
from fer_edge.progress import bar

MARGINS = (-0.1, -0.05, 0.0, 0.05, 0.1, 0.15)
SIDE, BORDER = 192, 72


def main(path: Path, data: Path, split: str) -> None:
    """Print the accuracy of each margin, and where the boxes lie."""
    model = read_model(path)
    classifier = EmotionClassifier(model, open_engine(model))
    faces = DataSource(data).read().choose(model.labels).split(split)
    detector = HaarDetector(0.4)
    boxes: list[Box | None] = []
    pictures = []
    for face in bar(faces.pixels, "search", "face", len(faces)):
        large = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        pictures.append(np.asarray(cv2.copyMakeBorder(large, *(BORDER,) * 4, cv2.BORDER_REPLICATE), np.uint8))
        found = detector.detect(pictures[-1])
        boxes.append(found[0] if found else None)
    seen = np.array([box is not None for box in boxes])
    labels = faces.labels[seen]
    sizes = np.array([box.w / SIDE for box in boxes if box])
    print(f"{model.name}: the detector finds {seen.sum()} of {len(faces)} faces of {split}")
    print(f"width of its box, in pictures: median {np.median(sizes):.2f}, p10 to p90", np.percentile(sizes, (10, 90)))

    def accuracy(crops: list[np.ndarray]) -> float:
        return 100 * float((classifier.classify(crops).argmax(axis=1) == labels).mean())

    print(f"own crops       {accuracy(list(faces.pixels[seen])):.2f} %")
    for margin in MARGINS:
        crops = [
            crop_face(picture, box, margin, classifier.side)
            for picture, box in zip(pictures, boxes, strict=True)
            if box
        ]
        print(f"margin {margin:+.2f}    {accuracy(crops):.2f} %")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "PublicTest")
