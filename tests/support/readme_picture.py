"""Draws the picture of the README: a frame of the shipped clip with its tracked faces.

usage: python tests/support/readme_picture.py
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from fer_edge.annotation.overlay import draw_faces
from fer_edge.cameras.files import VideoFile
from fer_edge.config.model import DEFAULT_DETECTOR, DEFAULT_MODEL, PipelineOptions
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.detectors import open_detectors
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import read_model
from fer_edge.pipeline import Pipeline

MEDIA = Path(__file__).parents[1] / "media"
CLIP = MEDIA / "intel_walking_and_pause.mp4"
FRAME = 24
SCALE = 2


def main() -> None:
    """Play the clip up to one frame and draw its faces on an enlarged copy of it."""
    model = read_model(DEFAULT_MODEL)
    pipeline = Pipeline(
        EmotionClassifier(model, open_engine(model)),
        PipelineOptions(min_face=0.1),
        detectors=open_detectors(DEFAULT_DETECTOR)[0],
    )
    for frame in VideoFile(CLIP):
        pipeline.step(frame)
        if frame.number == FRAME:
            break
    capture = cv2.VideoCapture(str(CLIP))
    capture.set(cv2.CAP_PROP_POS_FRAMES, FRAME)
    large = cv2.resize(capture.read()[1], None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)
    picture = np.asarray(large, np.uint8)
    draw_faces(picture, pipeline.tracked_faces, model.labels, 1 / SCALE)
    cv2.imwrite(str(MEDIA / "readme.jpg"), picture)


if __name__ == "__main__":
    main()
