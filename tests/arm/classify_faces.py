"""Classify the faces of a folder with a shipped model, in several crops each, and print the scores as JSON.

Runs on the machines that test_arm.py compares: classify_faces.py MODEL FOLDER
"""

import json
import sys
from pathlib import Path

from fer_edge.cameras.pictures import read_grey
from fer_edge.config.model import parse_model
from fer_edge.detection.haar import HaarDetector
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.crop import crop_face
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import read_model

MARGINS = (-0.1, -0.05, 0.0, 0.05, 0.1, 0.15)  # of the crops, as a share of the box


def main(model_name: str, folder: Path) -> None:
    model = read_model(parse_model(model_name))
    classifier = EmotionClassifier(model, open_engine(model))
    crops = {}
    for path in sorted(folder.iterdir()):
        grey = read_grey(path)
        for number, box in enumerate(HaarDetector().detect(grey)):
            for margin in MARGINS:
                crop = crop_face(grey, box, margin, classifier.side)
                crops[f"{path.name} {number} {margin}"] = crop
                crops[f"{path.name} {number} {margin} mirrored"] = crop[:, ::-1]
    scores = zip(crops, classifier.classify(crops.values()).tolist(), strict=True)
    json.dump({"runs_on": classifier.runs_on, "scores": dict(scores)}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
